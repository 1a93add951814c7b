# LARSD-11 with the schedule as printed: a tenth every 10,000 steps, which learns nothing after the first 30,000.
_base_ = 'larsd-11_r101_hrsc2016_512.py'

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=False, milestones=list(range(10_000, 90_000, 10_000)), gamma=0.1)
]
