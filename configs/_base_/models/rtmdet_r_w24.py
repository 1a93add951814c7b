# RTMDet-R tiny at half its width, from scratch.
_base_ = 'rtmdet_r_tiny.py'

model = dict(
    backbone=dict(widen_factor=0.1875, norm_cfg=dict(type='BN'), init_cfg=None),
    neck=dict(in_channels=[48, 96, 192], out_channels=48, norm_cfg=dict(type='BN')),
    bbox_head=dict(in_channels=48, feat_channels=48, norm_cfg=dict(type='BN')))
