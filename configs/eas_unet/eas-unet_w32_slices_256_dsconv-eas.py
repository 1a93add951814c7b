# Ablation at 256x256: depthwise-separable convolutions and EAS, no fusion.
_base_ = 'eas-unet_w32_slices_256_dsconv.py'

model = dict(backbone=dict(eas_stages=(4, )))
