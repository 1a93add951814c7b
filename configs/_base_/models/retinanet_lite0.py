# RetinaNet on EfficientNet-Lite0, which starts from ImageNet; necks and heads as wide as those of sar_shipnet_lite0.py. Anchors
# are halved with the input: 256 pixels a side instead of the paper's 600.
_base_ = 'mmdet::_base_/models/retinanet_r50_fpn.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmsight.EfficientNetLite',
        init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')),
    neck=dict(in_channels=[24, 40, 112, 320], out_channels=64),
    bbox_head=dict(num_classes=1, in_channels=64, feat_channels=64, anchor_generator=dict(octave_base_scale=2)))
