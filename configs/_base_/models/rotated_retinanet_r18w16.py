# Rotated RetinaNet at the size of larsd_r18w16.py. Anchors start at 16 pixels instead of 32: ships of SSDD are small. One scale
# an octave instead of three: without mmcv's compiled operators most of a step is the exact IoU of anchors and ships.
_base_ = 'rotated_retinanet_r50.py'

model = dict(
    backbone=dict(
        depth=18, stem_channels=16, base_channels=16, frozen_stages=-1, norm_eval=False, zero_init_residual=False,
        init_cfg=None),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=32, num_outs=4, start_level=0),
    bbox_head=dict(
        in_channels=32, feat_channels=32, stacked_convs=3, norm_cfg=dict(type='GN', num_groups=8, requires_grad=True),
        anchor_generator=dict(strides=[4, 8, 16, 32], scales_per_octave=1)))
