# Table 2, row 2, at the reduced size: CenterNet with coordinate attention, which is BCA's average stage alone.
_base_ = 'sar-shipnet_r18w32_ssdd_256_bca.py'

model = dict(backbone=dict(attention=dict(type='mmsight.CoordinateAttention')))
