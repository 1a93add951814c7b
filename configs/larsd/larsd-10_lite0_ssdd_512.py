# Rotated SSDD in a few thousand steps: EfficientNet-Lite0 from ImageNet, P2 to P4 with anchors.
_base_ = [
    '../_base_/models/larsd_lite0.py', '../_base_/datasets/rotated_ssdd_512_mosaic.py',
    '../_base_/schedules/adamw_cosine_80e.py', '../_base_/larsd_runtime.py'
]

# python projects/larsd/tools/anchor_kmeans.py larsd-10_lite0_ssdd_512 --epochs 2
anchors = [[(6.7, 6.7), (7.4, 16), (15.9, 7.8), (9.4, 25.2), (26, 9.2)],
           [(11.5, 33.1), (33, 12.2), (12.2, 52.4), (48.9, 13.4), (16.3, 40.4)],
           [(19.2, 64.6), (78.3, 20.5), (26.5, 107.7), (153.9, 35.7), (44.8, 180.4)]]
model = dict(bbox_head=dict(prior_generator=dict(anchors=anchors)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
custom_hooks = [*_base_.hooks, dict(type='mmdet.PipelineSwitchHook', switch_epoch=68, switch_pipeline=_base_.plain_pipeline)]
