# EAS U-Net at half the width on 256x256 slices, with rates that fit its 16x16 bottleneck.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/liver_slices_256.py',
    '../_base_/schedules/adamw_cosine_liver_200e.py'
]

loss_decode = [
    dict(type='CrossEntropyLoss', avg_non_ignore=True),
    dict(type='mmsight.ForegroundDiceLoss', per_image=True, eps=50)
]
model = dict(
    backbone=dict(base_channels=32, eas=dict(mid_channels=64, rates=(2, 4, 6))),
    decode_head=dict(in_channels=(256, 128, 64, 32), loss_decode=loss_decode))
