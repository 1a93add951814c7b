# Table 2, row 3, at the reduced size: CenterNet with BCA on C5.
_base_ = 'sar-shipnet_r18w32_ssdd_256_bca-mrf.py'

model = dict(
    backbone=dict(channels=(256, ), backbone=dict(out_indices=(3, ))),
    neck=dict(in_channels=(256, ), deconv_channels=((64, 32, 32), )))
