# Table 1: Faster R-CNN on SSDD, with the schedule and metric of SAR-ShipNet.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py', '../_base_/datasets/ssdd.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (600, 600)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline(img_scale)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
model = dict(roi_head=dict(bbox_head=dict(num_classes=1)))
