# The checkpoint of larsd_toy, with the geometric mean of aligned and raw scores.
_base_ = 'larsd_toy.py'

model = dict(test_cfg=dict(lasa=dict(raw_weight=0.5)))
custom_hooks = []
