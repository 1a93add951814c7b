# The paper's schedule: SGD, 50 epochs, batches of 32. It states no decay of the learning rate, so the rate is constant.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4))
param_scheduler = []
auto_scale_lr = dict(enable=False, base_batch_size=32)
