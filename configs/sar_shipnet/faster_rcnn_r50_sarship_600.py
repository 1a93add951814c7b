# Table 1's faster on the same data, schedule and metric.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py', '../_base_/datasets/sarship_600.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
