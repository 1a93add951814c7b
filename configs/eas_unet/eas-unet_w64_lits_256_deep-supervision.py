# A loss of its own for each scale of the fusion, from the coarsest to full size.
_base_ = 'eas-unet_w64_lits_256.py'

model = dict(decode_head=dict(aux_weights=(0.1, 0.2, 0.3, 0.4)))
