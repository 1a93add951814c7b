# Table 2, row 2, on EfficientNet-Lite0: CenterNet with coordinate attention, which is BCA's average stage alone.
_base_ = 'sar-shipnet_lite0_ssdd_256_bca.py'

model = dict(backbone=dict(attention=dict(type='mmsight.CoordinateAttention')))
