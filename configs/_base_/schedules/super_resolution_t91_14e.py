# For a GPU: 14 epochs, 12,600 steps at batch 16; averaged weights, of which the last are used. The same for every model.
_base_ = '../super_resolution_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=14, val_interval=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
default_hooks = dict(
    checkpoint=dict(interval=2),
    ema=dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=0.002, priority='ABOVE_NORMAL'))
