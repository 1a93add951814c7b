# R2D2's recipe in the paper: Adam 1e-4, weight decay 5e-4, batch 2. Epochs are not stated: 100 as for D2-Net.
train_cfg = dict(by_epoch=True, max_epochs=100)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, weight_decay=5e-4))
auto_scale_lr = dict(enable=False, base_batch_size=2)
