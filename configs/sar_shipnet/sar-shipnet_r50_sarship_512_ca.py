# Table 2, row 2: CenterNet with coordinate attention, which is BCA's average stage alone.
_base_ = 'sar-shipnet_r50_sarship_512_bca.py'

model = dict(backbone=dict(attention=dict(type='mmsight.CoordinateAttention')))
