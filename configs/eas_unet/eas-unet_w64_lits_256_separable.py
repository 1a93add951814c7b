# Depthwise-separable dilated convolutions in EAS, the other reading of its name.
_base_ = 'eas-unet_w64_lits_256.py'

model = dict(backbone=dict(eas=dict(separable=True)))
