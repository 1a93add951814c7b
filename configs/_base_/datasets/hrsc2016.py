# HRSC2016 as published: 617 images to train, the test images to validate; the curve during training is of the test split, and
# no checkpoint is chosen by it. One class; `classwise=True` on each dataset gives the 31.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.larsd.pipelines import test_pipeline, train_pipeline

img_scale = (512, 512)
data_root = '{{$MMSIGHT_DATA:data}}/hrsc2016/'
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmsight.HRSC2016Dataset',
        data_root=data_root,
        ann_file='ImageSets/trainval.txt',
        data_prefix=dict(img='FullDataSet/AllImages', ann='FullDataSet/Annotations'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.HRSC2016Dataset',
        data_root=data_root,
        ann_file='ImageSets/test.txt',
        data_prefix=dict(img='FullDataSet/AllImages', ann='FullDataSet/Annotations'),
        test_mode=True,
        pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmsight.RotatedShipMetric')
test_evaluator = val_evaluator
