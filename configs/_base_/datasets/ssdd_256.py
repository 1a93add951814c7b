# SSDD at 256x256, for trainings on a CPU: small batches, one worker.
_base_ = 'ssdd.py'

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (256, 256)
train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(pipeline=train_pipeline(img_scale)))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
