# EAS U-Net: depthwise-separable blocks, EAS at the bottleneck, fusion of the decoder's four outputs.
loss_decode = [
    dict(type='CrossEntropyLoss', avg_non_ignore=True),
    dict(type='mmsight.ForegroundDiceLoss')
]
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', size_divisor=1, seg_pad_val=255),
    backbone=dict(type='mmsight.EASUNet', in_channels=1, base_channels=64, num_stages=5, eas_stages=(4, ),
                  eas=dict(mid_channels=128, rates=(6, 12, 18))),
    decode_head=dict(
        type='mmsight.FusionHead',
        in_channels=(512, 256, 128, 64),
        in_index=(1, 2, 3, 4),
        num_classes=2,
        loss_decode=loss_decode),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
