# SAR-ShipNet on EfficientNet-Lite0, which starts from ImageNet; everything else as in sar_shipnet_r50.py but narrower.
_base_ = 'sar_shipnet_r50.py'

model = dict(
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        channels=(40, 112, 320),
        backbone=dict(
            _delete_=True,
            type='mmsight.EfficientNetLite',
            out_indices=(1, 2, 3),
            init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0'))),
    neck=dict(in_channels=(40, 112, 320), deconv_channels=((64, ), (64, 64), (128, 64, 64))))
