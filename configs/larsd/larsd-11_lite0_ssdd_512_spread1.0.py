# The checkpoint of larsd-10_lite0_ssdd_512 with LASA, its points at 1.0 times the half extents of a box.
_base_ = 'larsd-11_lite0_ssdd_512.py'

model = dict(test_cfg=dict(lasa=dict(spread=1.0)))
