# Table 1's yolox on the same data, schedule and metric.
_base_ = [
    '../_base_/models/yolox_m.py', '../_base_/datasets/ssdd_640.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]
