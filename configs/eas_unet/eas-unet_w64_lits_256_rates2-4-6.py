# Rates that fit the 16x16 bottleneck of a 256x256 crop, where taps of 18 see padding alone.
_base_ = 'eas-unet_w64_lits_256.py'

model = dict(backbone=dict(eas=dict(rates=(2, 4, 6))))
