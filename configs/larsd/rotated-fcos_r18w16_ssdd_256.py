# Rotated FCOS at the size and with the budget of larsd-baseline_r18w16_ssdd_256.
_base_ = [
    '../_base_/models/rotated_fcos_r18w16.py', '../_base_/datasets/rotated_ssdd_256.py', '../_base_/schedules/larsd_4e.py',
    '../_base_/larsd_runtime.py'
]
