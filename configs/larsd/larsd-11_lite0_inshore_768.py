# LARSD-11: the checkpoint of larsd-10_lite0_inshore_768 with LASA.
_base_ = 'larsd-10_lite0_inshore_768.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
