# Four minutes on two cores, in batches of 2 for the sake of more steps.
_base_ = 'larsd_9e.py'

max_epochs = 18
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=2e-3, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
