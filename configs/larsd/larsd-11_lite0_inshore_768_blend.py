# LARSD-11: the checkpoint of larsd-10_lite0_inshore_768, with the geometric mean of aligned and raw scores.
_base_ = 'larsd-11_lite0_inshore_768.py'

model = dict(test_cfg=dict(lasa=dict(raw_weight=0.5)))
