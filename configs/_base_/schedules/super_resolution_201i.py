# The code behind the report: what it calls 201 epochs are 201 steps.
_base_ = '../super_resolution_runtime.py'

train_cfg = dict(type='IterBasedTrainLoop', max_iters=201, val_interval=50)
auto_scale_lr = dict(enable=False, base_batch_size=10)
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(interval=50, by_epoch=False),
    validate_first=dict(type='mmsight.ValidateFirstHook'))
log_processor = dict(by_epoch=False)
