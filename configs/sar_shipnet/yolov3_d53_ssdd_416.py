# Table 1's yolov3 on the same data, schedule and metric.
_base_ = [
    '../_base_/models/yolov3_d53.py', '../_base_/datasets/ssdd_416.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]
