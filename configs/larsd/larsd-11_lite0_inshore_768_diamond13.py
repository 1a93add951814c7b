# Table II's patterns: the checkpoint of larsd-10_lite0_inshore_768 with LASA, 13 points in a diamond.
_base_ = 'larsd-11_lite0_inshore_768.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond13')))
