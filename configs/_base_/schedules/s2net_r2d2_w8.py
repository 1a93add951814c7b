# For the reduced R2D2, which learns from scratch in few steps: a higher rate, falling to the end of the training.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=3e-3, weight_decay=5e-4))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=3e-5, by_epoch=True, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=2)
