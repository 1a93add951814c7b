# Optical harbour ships on a CPU: a narrow ResNet-18 at 512x512, from scratch. Anchor-free on P2.
_base_ = [
    '../_base_/models/larsd_r18w16.py', '../_base_/datasets/optical_inshore_512.py', '../_base_/schedules/larsd_4e.py',
    '../_base_/larsd_runtime.py'
]

# 60 images are 8 steps an epoch
max_epochs = 60
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
