# Table 1: YOLOv3 on SSDD, with the schedule and metric of SAR-ShipNet.
_base_ = [
    '../_base_/models/yolov3_d53.py', '../_base_/datasets/ssdd.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (416, 416)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline(img_scale)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
