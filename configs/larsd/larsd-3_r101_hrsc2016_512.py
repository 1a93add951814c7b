# Table II, LARSD-3: the baseline's checkpoint with LASA, 9 points in a diamond.
_base_ = 'larsd-baseline_r101_hrsc2016_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
