# Ablation at 256x256: depthwise-separable convolutions alone, neither EAS nor fusion.
_base_ = 'eas-unet_w32_slices_256.py'

model = dict(
    backbone=dict(eas_stages=()),
    decode_head=dict(_delete_=True, type='FCNHead', in_channels=32, channels=32, in_index=4, num_convs=0, concat_input=False,
                     dropout_ratio=0, num_classes=2, loss_decode={{_base_.loss_decode}}))
