# The paper's rates as printed: on the 4x4 bottleneck of a 64x64 slice they see padding alone.
_base_ = 'eas-unet_w16_slices_64.py'

model = dict(backbone=dict(eas=dict(rates=(6, 12, 18))))
