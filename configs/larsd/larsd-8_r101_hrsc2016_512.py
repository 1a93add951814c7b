# Table III, LARSD-8: the checkpoint of LARSD-7 with LASA.
_base_ = 'larsd-7_r101_hrsc2016_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
