# The CenterNet baseline at the size of sar_shipnet_lite0.py.
_base_ = 'centernet_r50.py'

model = dict(
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='mmsight.EfficientNetLite',
        out_indices=(3, ),
        init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')),
    neck=dict(in_channels=(320, ), deconv_channels=((128, 64, 64), )))
