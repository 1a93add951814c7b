# LARSD-8: the checkpoint of larsd-7_r18w16_ssdd_256 with LASA.
_base_ = 'larsd-7_r18w16_ssdd_256.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
