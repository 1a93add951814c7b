# LARSD-11: the checkpoint of larsd-10_r18w16_ssdd_256 with LASA.
_base_ = 'larsd-10_r18w16_ssdd_256.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
