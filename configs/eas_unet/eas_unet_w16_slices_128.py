# EAS U-Net at a quarter of the width on 128x128 slices, for a CPU.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/liver_slices_128.py', '../_base_/schedules/adamw_cosine_liver.py',
    '../_base_/eas_unet_runtime.py'
]

model = dict(
    backbone=dict(base_channels=16, eas=dict(mid_channels=32)),
    decode_head=dict(in_channels=(128, 64, 32, 16)))
