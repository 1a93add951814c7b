# A yardstick from outside the paper: nnU-Net's architecture (MONAI's DynUNet), as unet-2d_w16_slices_64 in everything else.
_base_ = 'unet-2d_w16_slices_64.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmsight.MonaiBackbone', network='DynUNet', out_channels=16, filters=(16, 32, 64, 128, 256),
        kernel_size=(3, 3, 3, 3, 3), strides=(1, 2, 2, 2, 2), upsample_kernel_size=(2, 2, 2, 2)),
    decode_head=dict(in_index=0))
