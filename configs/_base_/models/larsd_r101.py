# LARSD's baseline: ResNet-101, UNet-like neck, anchor-free on P2, raw scores. Its variants add levels, anchors and LASA.
model = dict(
    type='mmdet.SingleStageDetector',
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        boxtype2tensor=False),
    backbone=dict(
        type='mmdet.ResNet',
        depth=101,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101')),
    neck=dict(
        type='mmsight.UNetFusionNeck',
        in_channels=(256, 512, 1024, 2048),
        merge_channels=(128, 256, 512),
        out_channels=256,
        out_levels=(2, )),
    bbox_head=dict(
        type='mmsight.LARSDHead',
        num_classes=1,
        in_channels=256,
        feat_channels=256,
        norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        prior_generator=dict(type='mmsight.ShipPriors', strides=(4, ))),
    train_cfg=None,
    test_cfg=dict(
        nms_pre=2000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms_rotated', iou_threshold=0.1),
        max_per_img=2000))
