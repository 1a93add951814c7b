# One part alone: EAS between mmseg's own U-Net and its head.
_base_ = 'unet-2d_w64_lits_256.py'

model = dict(
    neck=dict(type='mmsight.EASNeck', in_channels=(None, None, None, None, 64), mid_channels=64))
