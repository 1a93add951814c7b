# The checkpoint of larsd-10_lite0_ssdd_512 with LASA, blended with a weight of 0.25 of the raw score.
_base_ = 'larsd-11_lite0_ssdd_512.py'

model = dict(test_cfg=dict(lasa=dict(raw_weight=0.25)))
