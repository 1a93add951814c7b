# SRCNN-MSE as the report's text has it.
_base_ = [
    '../_base_/models/srcnn_mse.py', '../_base_/datasets/div2k_x4.py', '../_base_/schedules/super_resolution_201e.py'
]
