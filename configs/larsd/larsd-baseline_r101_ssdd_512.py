# Real data: the baseline on rotated SSDD.
_base_ = [
    '../_base_/models/larsd_r101.py', '../_base_/datasets/rotated_ssdd.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]
