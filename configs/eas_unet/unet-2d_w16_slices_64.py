# The baseline at the same reduced width, on the same slices, with the same schedule.
_base_ = [
    '../_base_/models/unet_2d_w64.py', '../_base_/datasets/liver_slices_64.py', '../_base_/schedules/adamw_cosine_liver.py',
    '../_base_/eas_unet_runtime.py'
]

model = dict(backbone=dict(base_channels=16), decode_head=dict(in_channels=16, channels=16))
