# The baseline with as many parameters as eas-unet_w32_slices_256.
_base_ = 'unet-2d_w32_slices_256.py'

model = dict(backbone=dict(base_channels=19), decode_head=dict(in_channels=19, channels=19))
