# The checkpoint of rotated-fcos_r18w16_ssdd_256, with the geometric mean of aligned and raw scores.
_base_ = 'rotated-fcos_r18w16_ssdd_256_lasa.py'

model = dict(test_cfg=dict(lasa=dict(raw_weight=0.5)))
