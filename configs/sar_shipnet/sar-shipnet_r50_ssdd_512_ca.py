# Table 2, row 2: CenterNet with the average stage alone, which is coordinate attention.
_base_ = 'sar-shipnet_r50_ssdd_512_bca.py'

model = dict(backbone=dict(attention=dict(type='mmsight.CoordinateAttention')))
