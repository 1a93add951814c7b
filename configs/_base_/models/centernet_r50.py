# CenterNet with ResNet-50: the paper's baseline. Its neck is the C5 branch of MultiResolutionFusion alone.
model = dict(
    type='CenterNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[104.01, 114.03, 119.92],
        std=[73.60, 69.89, 70.92],
        bgr_to_rgb=False,
        pad_size_divisor=32),
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(3, ),
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(type='mmsight.MultiResolutionFusion', in_channels=(2048, ), deconv_channels=((256, 128, 64), )),
    bbox_head=dict(
        type='mmsight.GaussianCenterNetHead',
        num_classes=1,
        in_channels=64,
        feat_channels=64,
        gaussian=dict(shape='circular', radius='cornernet')),
    train_cfg=None,
    test_cfg=dict(topk=100, local_maximum_kernel=3, max_per_img=100, nms=dict(type='nms', iou_threshold=0.5)))
