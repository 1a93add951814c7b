# EAS one stage earlier, on 32x32 cells of a 256x256 crop, which all three rates fit.
_base_ = 'eas-unet_w64_lits_256.py'

model = dict(backbone=dict(eas_stages=(3, )))
