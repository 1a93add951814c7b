# LARSD-10 on rotated SSDD in a few thousand steps: EfficientNet-Lite0 from ImageNet, P2 to P4 with anchors.
_base_ = [
    '../_base_/models/larsd_lite0.py', '../_base_/datasets/rotated_ssdd_512_mosaic.py',
    '../_base_/schedules/adamw_cosine_80e.py', '../_base_/larsd_runtime.py', '../_base_/anchors/ssdd_512_mosaic.py'
]

model = dict(bbox_head=dict(prior_generator=dict(anchors=_base_.anchors)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
custom_hooks = [*_base_.hooks, dict(type='mmdet.PipelineSwitchHook', switch_epoch=68, switch_pipeline=_base_.plain_pipeline)]
