# HRSID, COCO json, 800x800 chips; the lists that tools/dataset_converters/hrsid.py makes of its json.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.sar_shipnet.pipelines import test_pipeline, train_pipeline

img_scale = (800, 800)
data_root = '{{$MMSIGHT_DATA:data}}/sar_hrsid/'
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='mmsight.HRSIDDataset',
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='images'),
        pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.HRSIDDataset',
        data_root=data_root,
        ann_file='annotations/val.json',
        data_prefix=dict(img='images'),
        test_mode=True,
        pipeline=test_pipeline(img_scale)))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(val_dataloader['dataset'], ann_file='annotations/test.json'))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
