# The paper's 2D baseline, with the paper's schedule.
_base_ = [
    '../_base_/models/unet_2d_w64.py', '../_base_/datasets/lits_256.py', '../_base_/schedules/sgd_liver_50e.py',
    '../_base_/eas_unet_runtime.py'
]
