# Real data on a CPU in half an hour: half-width ResNet-18 at 256x256, 14 epochs, from scratch.
_base_ = [
    '../_base_/models/sar_shipnet_r18w32.py', '../_base_/datasets/ssdd.py', '../_base_/schedules/adam_cosine_14e.py',
    '../_base_/sar_shipnet_runtime.py'
]

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (256, 256)
train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(pipeline=train_pipeline(img_scale)))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
