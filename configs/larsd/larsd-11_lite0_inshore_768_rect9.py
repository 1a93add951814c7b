# Table II's patterns: the checkpoint of larsd-10_lite0_inshore_768 with LASA, 9 points in a rectangle.
_base_ = 'larsd-11_lite0_inshore_768.py'

model = dict(test_cfg=dict(lasa=dict(pattern='rect9')))
