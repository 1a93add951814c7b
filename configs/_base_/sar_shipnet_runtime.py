# What every SAR-ShipNet config shares: mmdet's runtime, our registered modules, the metric's pictures.
_base_ = 'mmdet::_base_/default_runtime.py'

task = 'detect'
custom_imports = dict(imports=['mmsight.projects.sar_shipnet'], allow_failed_imports=False)
default_hooks = dict(
    logger=dict(interval=10),
    # the last checkpoint is used: choosing one by its score on the test split would bias the result
    checkpoint=dict(interval=5, max_keep_ckpts=2))
env_cfg = dict(cudnn_benchmark=True)
randomness = dict(seed=0)
