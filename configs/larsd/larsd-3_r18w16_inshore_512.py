# The checkpoint of larsd-baseline_r18w16_inshore_512.py with LASA.
_base_ = 'larsd-baseline_r18w16_inshore_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
