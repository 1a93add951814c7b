# What every S2-Net config shares: mmengine alone, our registered modules, pictures of matches.
default_scope = 'mmsight'
task = 'match'
custom_imports = dict(imports=['mmsight.projects.s2net'], allow_failed_imports=False)
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=10),
    # the last checkpoint is used: choosing one by its score on the test split would bias the result
    checkpoint=dict(type='CheckpointHook', interval=2, max_keep_ckpts=2),
    visualization=dict(type='mmsight.MatchVisualizationHook'))
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='Visualizer', name='visualizer', vis_backends=vis_backends)
env_cfg = dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
log_processor = dict(by_epoch=True, window_size=10)
randomness = dict(seed=0)
demo_caption = 'matches, right ones green and wrong ones red; at the right visible and registered infrared squares alternate'
