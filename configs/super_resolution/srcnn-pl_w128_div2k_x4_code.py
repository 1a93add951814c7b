# SRCNN-PL as the code behind the report has it.
_base_ = [
    '../_base_/models/srcnn_pl.py', '../_base_/datasets/div2k_x4_code.py', '../_base_/schedules/super_resolution_201i.py'
]

model = dict(content_loss=dict(layer='conv3_3', normalise='raw'))
