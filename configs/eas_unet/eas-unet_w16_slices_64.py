# EAS U-Net at a quarter of the width on 64x64 slices, for a CPU. The rates keep the paper's relation to the map: 6, 12 and 18
# on the 16x16 bottleneck of its 256x256 crops, about 2, 3 and 4 on 4x4.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/liver_slices_64.py', '../_base_/schedules/adamw_cosine_liver.py',
    '../_base_/eas_unet_runtime.py'
]

model = dict(
    backbone=dict(base_channels=16, eas=dict(mid_channels=32, rates=(2, 3, 4))),
    decode_head=dict(in_channels=(128, 64, 32, 16)))
