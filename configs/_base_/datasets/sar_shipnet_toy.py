# Toy chips in SAR-Ship-Dataset's own format, read by its own reader; crops of 192 train in half the time of whole chips.
_base_ = 'ship_pipelines_256.py'

crop_size = (192, 192)
train_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomResize', scale=_base_.size, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, allow_negative_crop=True),
    dict(type='Pad', size=crop_size),
    dict(type='PackDetInputs')
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/sar_shipnet/'
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='train.txt',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='val.txt',
        test_mode=True,
        pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='test.txt',
        test_mode=True,
        pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
