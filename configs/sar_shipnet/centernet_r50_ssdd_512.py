_base_ = [
    '../_base_/models/centernet_r50.py', '../_base_/datasets/ssdd_512.py', '../_base_/schedules/adam_cosine.py',
    '../_base_/sar_shipnet_runtime.py'
]

# 928 images are 58 steps an epoch: 300 epochs give the 15,000 steps and more that Adam needs here
max_epochs = 300
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
