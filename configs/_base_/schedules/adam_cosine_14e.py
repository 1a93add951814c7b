# Half an hour on a CPU for the reduced models.
_base_ = 'adam_cosine.py'

max_epochs = 14
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
