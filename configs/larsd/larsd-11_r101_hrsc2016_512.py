# Table IV, LARSD-11: the checkpoint of LARSD-10 with LASA. The whole paper.
_base_ = 'larsd-10_r101_hrsc2016_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
