# SRCNN-MSE as the code behind the report has it.
_base_ = [
    '../_base_/models/srcnn_mse.py', '../_base_/datasets/div2k_x4_code.py', '../_base_/schedules/super_resolution_201i.py'
]
