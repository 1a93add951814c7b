# What every EAS U-Net config shares: mmseg's runtime and our registered modules.
_base_ = 'mmseg::_base_/default_runtime.py'

task = 'segment'
custom_imports = dict(imports=['mmsight.projects.eas_unet'], allow_failed_imports=False)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # the last checkpoint is used: choosing one by its score on the validation cases would bias the result
    checkpoint=dict(type='CheckpointHook', interval=5, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmsight.CaseMontageHook'))
log_processor = dict(by_epoch=True)
env_cfg = dict(mp_cfg=dict(opencv_num_threads=1))
randomness = dict(seed=0)
