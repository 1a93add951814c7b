# LARSD-3: the checkpoint of larsd-baseline_r18w16_inshore_512 with LASA.
_base_ = 'larsd-baseline_r18w16_inshore_512.py'

model = dict(test_cfg=dict(lasa=dict(pattern='diamond9')))
