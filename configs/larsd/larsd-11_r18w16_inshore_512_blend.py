# LARSD-11: the checkpoint of larsd-10_r18w16_inshore_512, with the geometric mean of aligned and raw scores.
_base_ = 'larsd-11_r18w16_inshore_512.py'

model = dict(test_cfg=dict(lasa=dict(raw_weight=0.5)))
