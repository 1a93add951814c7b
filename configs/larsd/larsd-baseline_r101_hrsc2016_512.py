# Tables II to IV, baseline: anchor-free on P2, raw scores.
_base_ = [
    '../_base_/models/larsd_r101.py', '../_base_/datasets/hrsc2016.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]
