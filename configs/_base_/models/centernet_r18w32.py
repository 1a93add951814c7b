# The CenterNet baseline at the size of sar_shipnet_r18w32.py.
_base_ = 'centernet_r50.py'

model = dict(
    backbone=dict(depth=18, stem_channels=32, base_channels=32, init_cfg=None),
    neck=dict(in_channels=(256, ), deconv_channels=((64, 32, 32), )),
    bbox_head=dict(in_channels=32, feat_channels=32))
