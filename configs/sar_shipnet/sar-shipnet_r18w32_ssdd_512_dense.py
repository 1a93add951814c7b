# Few steps: a half-width ResNet-18 from scratch, with a loss on every cell of a ship. 4,160 steps.
_base_ = [
    '../_base_/models/sar_shipnet_r18w32.py', '../_base_/datasets/ssdd_512_mosaic.py',
    '../_base_/schedules/adamw_cosine_80e.py', '../_base_/sar_shipnet_runtime.py'
]

model = dict(
    neck=dict(deconv_channels=((64, ), (64, 64), (128, 64, 64))),
    bbox_head=dict(type='mmsight.DenseCenterNetHead', in_channels=64, feat_channels=64))
custom_hooks = [*_base_.hooks, dict(type='PipelineSwitchHook', switch_epoch=68, switch_pipeline=_base_.plain_pipeline)]
