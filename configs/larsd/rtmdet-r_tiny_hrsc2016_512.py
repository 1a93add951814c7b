# RTMDet-R tiny on HRSC2016, with the schedule and metric of LARSD.
_base_ = [
    '../_base_/models/rtmdet_r_tiny.py', '../_base_/datasets/hrsc2016.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]
