# Toy chips in SAR-Ship-Dataset's own format, read by its own reader.
size = (256, 256)
train_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomResize', scale=size, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type='RandomCrop', crop_size=size, allow_negative_crop=True),
    dict(type='Pad', size=size),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='Resize', scale=size, keep_ratio=True),
    dict(type='Pad', size=size),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'instances'))
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/sar_shipnet/'
train_dataloader = dict(
    batch_size=8,
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
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SARShipDataset',
        data_root=data_root,
        ann_file='test.txt',
        test_mode=True,
        pipeline=test_pipeline))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
