# The baseline at the same reduced width, on the same slices, with the same losses and schedule.
_base_ = [
    '../_base_/models/unet_2d_w64.py', '../_base_/datasets/liver_slices_256.py',
    '../_base_/schedules/adamw_cosine_liver_200e.py'
]

loss_decode = [
    dict(type='CrossEntropyLoss', avg_non_ignore=True),
    dict(type='mmsight.ForegroundDiceLoss', per_image=True, eps=50)
]
model = dict(backbone=dict(base_channels=32), decode_head=dict(in_channels=32, channels=32, loss_decode=loss_decode))
