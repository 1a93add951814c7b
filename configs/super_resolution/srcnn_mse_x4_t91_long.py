# Ten times the steps of srcnn_mse_x4_t91.
_base_ = 'srcnn_mse_x4_t91.py'

max_epochs = 100
train_cfg = dict(max_epochs=max_epochs, val_interval=25)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
