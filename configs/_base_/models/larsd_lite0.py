# LARSD on EfficientNet-Lite0, which starts from ImageNet: P2 to P4, everything else as in larsd_r101.py but narrower.
_base_ = 'larsd_r101.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmsight.EfficientNetLite',
        init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')),
    neck=dict(in_channels=(24, 40, 112, 320), merge_channels=(64, 64, 128), out_channels=64, out_levels=(2, 3, 4)),
    bbox_head=dict(
        in_channels=64, feat_channels=64, norm_cfg=dict(num_groups=16), prior_generator=dict(strides=(4, 8, 16))),
    test_cfg=dict(nms_pre=1000, max_per_img=500))
