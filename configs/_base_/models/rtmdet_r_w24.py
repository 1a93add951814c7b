# RTMDet-R tiny at half its width, from scratch, and from stride 4 on, as larsd_r18w16.py.
_base_ = 'rtmdet_r_tiny.py'

model = dict(
    backbone=dict(widen_factor=0.1875, out_indices=(1, 2, 3), norm_cfg=dict(type='BN'), init_cfg=None),
    neck=dict(in_channels=[24, 48, 96], out_channels=32, norm_cfg=dict(type='BN')),
    bbox_head=dict(
        in_channels=32, feat_channels=32, norm_cfg=dict(type='BN'), anchor_generator=dict(strides=[4, 8, 16])))
