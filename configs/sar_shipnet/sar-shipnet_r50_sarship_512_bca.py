# Table 2, row 3: CenterNet with BCA. Without fusion only C5 is read, and weighed.
_base_ = 'sar-shipnet_r50_sarship_512_bca-mrf.py'

model = dict(
    backbone=dict(channels=(2048, ), backbone=dict(out_indices=(3, ))),
    neck=dict(in_channels=(2048, ), deconv_channels=((256, 128, 64), )))
