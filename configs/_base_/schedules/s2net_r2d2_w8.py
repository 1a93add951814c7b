# For the reduced R2D2, which learns from scratch in few steps: a higher rate, falling at the end.
max_epochs = 16
train_cfg = dict(by_epoch=True, max_epochs=max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=3e-3, weight_decay=5e-4))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-4, T_max=max_epochs, by_epoch=True, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=2)
