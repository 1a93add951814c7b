# LARSD-11: the checkpoint of larsd-10_r101_inshore_512 with LASA.
_base_ = 'larsd-10_r101_inshore_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
