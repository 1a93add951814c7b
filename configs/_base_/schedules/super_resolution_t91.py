# Minutes on a CPU: 10 epochs, 910 steps at batch 8. The same for every model, so that only their losses differ.
_base_ = '../super_resolution_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),  # without it, at 2e-3, all ReLUs may die
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=5))
