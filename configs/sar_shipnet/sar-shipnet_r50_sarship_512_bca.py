# Table 2, row 3: CenterNet with BCA. Without fusion the neck reads only C5, so BCA weighs only C5.
_base_ = 'sar-shipnet_r50_sarship_512_bca-mrf.py'

model = dict(
    backbone=dict(channels=(2048, ), backbone=dict(out_indices=(3, ))),
    neck=dict(in_channels=(2048, ), deconv_channels=((256, 128, 64), )))
