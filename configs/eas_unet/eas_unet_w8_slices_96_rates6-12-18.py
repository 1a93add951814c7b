# The paper's rates as printed: on the 6x6 bottleneck of a 96x96 slice they see padding alone.
_base_ = 'eas_unet_w8_slices_96.py'

model = dict(backbone=dict(eas=dict(rates=(6, 12, 18))))
