# HRSID, COCO json, 800x800 chips. The 28 images at hand are one set: as they stand, training and test overlap, which
# shows that the reader works, not how good a model is. Point ann_file at the published json for the real split.
size = (800, 800)
train_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=size, ratio_range=(0.5, 1.5), keep_ratio=True),
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
        ann_file='boxes_coco.json',
        data_prefix=dict(img='images'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.HRSIDDataset',
        data_root=data_root,
        ann_file='boxes_coco.json',
        data_prefix=dict(img='images'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.HRSIDDataset',
        data_root=data_root,
        ann_file='boxes_coco.json',
        data_prefix=dict(img='images'),
        test_mode=True,
        pipeline=test_pipeline))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
