# Few steps: EfficientNet-Lite0 from ImageNet, with a loss on every cell of a ship. 4,160 steps.
_base_ = [
    '../_base_/models/sar_shipnet_lite0.py', '../_base_/datasets/ssdd_512_mosaic.py', '../_base_/schedules/adamw_cosine_80e.py',
    '../_base_/sar_shipnet_runtime.py'
]

model = dict(bbox_head=dict(type='mmsight.DenseCenterNetHead'))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
custom_hooks = [*_base_.hooks, dict(type='PipelineSwitchHook', switch_epoch=68, switch_pipeline=_base_.plain_pipeline)]
