# SAR-Ship-Dataset, one txt per chip, the 7:1:2 split that tools/dataset_converters/sar_ship.py writes; chips of 256
# pixels are enlarged to 512 as in the paper.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (512, 512)
data_root = '{{$MMSIGHT_DATA:data}}/sar_ship/'
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='train.txt',
        pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='val.txt',
        test_mode=True,
        pipeline=test_pipeline(img_scale)))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='test.txt',
        test_mode=True,
        pipeline=test_pipeline(img_scale)))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
