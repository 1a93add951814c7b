# EAS U-Net at an eighth of the width on 96x96 slices, for a CPU. The rates keep the paper's relation to the map: 6, 12 and 18
# on the 16x16 bottleneck of its 256x256 crops, about 2, 4 and 6 on 6x6.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/liver_slices_96.py', '../_base_/schedules/adamw_cosine_liver.py',
    '../_base_/eas_unet_runtime.py'
]

model = dict(
    backbone=dict(base_channels=8, eas=dict(mid_channels=16, rates=(2, 4, 6))),
    decode_head=dict(in_channels=(64, 32, 16, 8)))
