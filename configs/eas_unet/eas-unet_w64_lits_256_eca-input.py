# ECA before all branches of the pyramid, another reading of Fig. 5.
_base_ = 'eas-unet_w64_lits_256.py'

model = dict(backbone=dict(eas=dict(eca_position='input')))
