# The checkpoint of larsd_toy without LASA: LARSD-10.
_base_ = 'larsd_toy.py'

model = dict(test_cfg=dict(lasa=None))
custom_hooks = []
