# Ablation: depthwise-separable convolutions and EAS, no fusion.
_base_ = 'eas-unet_w64_lits_256_dsconv.py'

model = dict(backbone=dict(eas_stages=(4, )))
