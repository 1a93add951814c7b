# The report's text: 201 epochs, 16,080 steps at batch 10. Samples after 0, 50, 100, 150 and 200 epochs, as in its appendices.
_base_ = '../super_resolution_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=201, val_interval=10)
auto_scale_lr = dict(enable=False, base_batch_size=10)
default_hooks = dict(validate_first=dict(type='mmsight.ValidateFirstHook'), visualization=dict(interval=50))
