# Faster R-CNN on EfficientNet-Lite0, which starts from ImageNet; necks and heads as wide as those of sar_shipnet_lite0.py.
# Anchors are halved with the input: 256 pixels a side instead of the paper's 600. Fewer boxes are sampled, for a CPU.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmsight.EfficientNetLite',
        init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')),
    neck=dict(in_channels=[24, 40, 112, 320], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64, anchor_generator=dict(scales=[4])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64),
        bbox_head=dict(num_classes=1, in_channels=64, fc_out_channels=256)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=300), rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(max_per_img=300)))
