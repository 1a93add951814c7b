# D2-Net's recipe in the paper: all layers, Adam at a fixed 1e-4, weight decay 1e-5, batch 1, 100 epochs.
train_cfg = dict(by_epoch=True, max_epochs=100)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-5))
auto_scale_lr = dict(enable=False, base_batch_size=1)
