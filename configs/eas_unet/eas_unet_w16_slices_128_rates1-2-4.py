# Rates that fit the 8x8 bottleneck of a 128x128 slice, where 12 and 18 see padding alone.
_base_ = 'eas_unet_w16_slices_128.py'

model = dict(backbone=dict(eas=dict(rates=(1, 2, 4))))
