# Real data on a CPU in half an hour: half-width ResNet-18 at 256x256, 14 epochs, from scratch.
_base_ = [
    '../_base_/models/sar_shipnet_r18w32.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine.py',
    '../_base_/sar_shipnet_runtime.py'
]

max_epochs = 14
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
