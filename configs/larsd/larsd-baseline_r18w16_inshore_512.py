# Optical harbour ships on a CPU: a narrow ResNet-18 at 512x512, from scratch. Anchor-free on P2.
_base_ = [
    '../_base_/models/larsd_r18w16.py', '../_base_/datasets/optical_inshore.py', '../_base_/schedules/larsd_4e.py',
    '../_base_/larsd_runtime.py'
]

# 60 images are 8 steps an epoch
train_cfg = dict(max_epochs=60, val_interval=60)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, convert_to_iter_based=True)
]
