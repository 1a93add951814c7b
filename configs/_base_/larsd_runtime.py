# What every LARSD config shares: mmrotate's runtime and our registered modules.
_base_ = 'mmrotate::_base_/default_runtime.py'

task = 'detect'
custom_imports = dict(imports=['mmsight.projects.larsd'], allow_failed_imports=False)
default_hooks = dict(
    logger=dict(interval=10),
    # the last checkpoint counts: choosing one by a score on the test split would flatter it
    checkpoint=dict(interval=5, max_keep_ckpts=2))
randomness = dict(seed=0)
