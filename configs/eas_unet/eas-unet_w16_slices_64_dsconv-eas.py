# Ablation at reduced width: depthwise-separable convolutions and EAS, no fusion.
_base_ = 'eas-unet_w16_slices_64_dsconv.py'

model = dict(backbone=dict(eas_stages=(4, )))
