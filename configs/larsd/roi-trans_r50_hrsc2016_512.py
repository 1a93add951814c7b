# RoI Transformer on HRSC2016, with the schedule and metric of LARSD.
_base_ = [
    '../_base_/models/roi_trans_r50.py', '../_base_/datasets/hrsc2016.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]
