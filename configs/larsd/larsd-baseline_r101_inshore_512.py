# Real data: the baseline on optical harbour ships of approximate width.
_base_ = [
    '../_base_/models/larsd_r101.py', '../_base_/datasets/optical_inshore.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]
