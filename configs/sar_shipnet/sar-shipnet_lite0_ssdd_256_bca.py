# Table 2, row 3, on EfficientNet-Lite0: CenterNet with BCA on C5.
_base_ = 'sar-shipnet_lite0_ssdd_256_bca-mrf.py'

model = dict(
    backbone=dict(channels=(320, ), backbone=dict(out_indices=(3, ))),
    neck=dict(in_channels=(320, ), deconv_channels=((128, 64, 64), )))
