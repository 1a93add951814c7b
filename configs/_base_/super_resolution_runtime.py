# What every super-resolution config shares.
default_scope = 'mmagic'
task = 'upscale'
custom_imports = dict(imports=['mmsight.projects.super_resolution'], allow_failed_imports=False)
default_hooks = dict(
    timer=dict(type='mmengine.IterTimerHook'),
    # validation losses are drawn over the same steps as training losses
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=10, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmsight.SampleGridHook'))
# each validation's own loss: mmengine logs the mean over the last validations of whatever has "loss" in its name
log_processor = dict(custom_cfg=[dict(data_src='val_loss', method_name='mean', window_size=1)])
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = dict(type='mmsight.SuperResolutionMetric')
test_evaluator = val_evaluator
env_cfg = dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0), dist_cfg=dict(backend='nccl'))
randomness = dict(seed=0)
