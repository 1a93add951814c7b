# Table 2, row 2, at the reduced size: CenterNet with the average stage alone, which is coordinate attention.
_base_ = 'sar-shipnet_r18w32_ssdd_256_bca.py'

model = dict(backbone=dict(attention=dict(type='mmsight.CoordinateAttention')))
