# A SAR-ShipNet that a CPU can train: ResNet-18 at half width, from scratch, everything else in proportion.
_base_ = 'sar_shipnet_r50.py'

model = dict(
    backbone=dict(
        channels=(64, 128, 256),
        backbone=dict(depth=18, stem_channels=32, base_channels=32, init_cfg=None)),
    neck=dict(in_channels=(64, 128, 256), deconv_channels=((32, ), (32, 32), (64, 32, 32))),
    bbox_head=dict(in_channels=32, feat_channels=32))
