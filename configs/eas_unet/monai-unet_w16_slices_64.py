# A yardstick from outside the paper: MONAI's U-Net with residual units, as unet-2d_w16_slices_64 in everything else.
_base_ = 'unet-2d_w16_slices_64.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmsight.MonaiBackbone', network='UNet', out_channels=16, channels=(16, 32, 64, 128, 256),
        strides=(2, 2, 2, 2), num_res_units=2),
    decode_head=dict(in_index=0))
