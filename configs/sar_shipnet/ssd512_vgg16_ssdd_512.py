# Table 1's ssd512 on the same data, schedule and metric.
_base_ = [
    '../_base_/models/ssd512.py', '../_base_/datasets/ssdd.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]
