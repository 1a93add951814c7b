# SAR-ShipNet: CenterNet-R50 with BCA after C3, C4 and C5, fusion of the three, elliptic Gaussian targets (alpha 0.8).
_base_ = 'centernet_r50.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmsight.AttentionBackbone',
        channels=(512, 1024, 2048),
        attention=dict(type='mmsight.BidirectionalCoordinateAttention', reduction=32),
        backbone=dict(
            type='ResNet',
            depth=50,
            num_stages=4,
            out_indices=(1, 2, 3),
            norm_cfg=dict(type='BN', requires_grad=True),
            norm_eval=False,
            style='pytorch',
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'))),
    neck=dict(in_channels=(512, 1024, 2048), deconv_channels=((64, ), (64, 64), (256, 128, 64))),
    bbox_head=dict(gaussian=dict(_delete_=True, shape='elliptic', alpha=0.8)))
