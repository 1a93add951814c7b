# EAS U-Net at a quarter of the width on 24 synthetic abdomens: minutes on a laptop.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/eas_unet_toy.py', '../_base_/schedules/adamw_cosine_liver.py',
    '../_base_/eas_unet_runtime.py'
]

toy_data = 'eas_unet'
demo_caption = 'outlines of the true liver (green) and of the predicted one (red)'
train_cfg = dict(max_epochs=12, val_interval=6)
# a map of 5x5 cells at stride 16: the paper's rates would see padding alone
model = dict(
    backbone=dict(base_channels=16, eas=dict(mid_channels=32, rates=(1, 2, 4))),
    decode_head=dict(in_channels=(128, 64, 32, 16)))
expected_results = [dict(metric='liver/DSC', min=0.90)]
