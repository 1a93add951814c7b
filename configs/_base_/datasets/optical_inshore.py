# Harbour ships labelled by bow and stern: 60 images to train, 12 to validate. The width is not labelled but taken as
# length / 8.8, so that the boxes, and every AP on them, are approximate.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.larsd.pipelines import test_pipeline, train_pipeline

img_scale = (512, 512)
data_root = '{{$MMSIGHT_DATA:data}}/optical_inshore/'
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmsight.BowSternDataset', data_root=data_root, data_prefix=dict(img='train'), pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.BowSternDataset', data_root=data_root, data_prefix=dict(img='validate'), test_mode=True,
        pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmsight.RotatedShipMetric')
test_evaluator = val_evaluator
