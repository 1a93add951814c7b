# Table II, LARSD-1: the baseline's checkpoint with LASA, 9 points in a rectangle.
_base_ = 'larsd-baseline_r101_hrsc2016_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='rect9')))
