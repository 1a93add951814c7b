# SSDD at 256x256.
_base_ = 'ssdd.py'

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (256, 256)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline(img_scale)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
