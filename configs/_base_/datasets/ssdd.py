# SSDD, 2021 release, VOC xml, official split (ids that end in 1 or 9 test). It has no validation split: the
# curve during training is of the test split, and no checkpoint is chosen by it.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (512, 512)
data_root = '{{$MMSIGHT_DATA:data}}/ssdd/'
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='mmsight.SSDDDataset',
        data_root=data_root,
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(img='JPEGImages', ann='Annotations'),
        pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SSDDDataset',
        data_root=data_root,
        ann_file='ImageSets/Main/test.txt',
        data_prefix=dict(img='JPEGImages', ann='Annotations'),
        test_mode=True,
        pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
