# For the reduced R2D2, which learns from scratch in few steps: a higher rate, falling to the end. At 3e-3 reliability
# falls to 0 before the descriptors have learned anything, and their loss with it.
max_epochs = 40
train_cfg = dict(by_epoch=True, max_epochs=max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, weight_decay=5e-4))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-5, T_max=max_epochs, by_epoch=True, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=2)
