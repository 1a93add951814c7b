# SSDD, 2021 release, VOC xml, official split (ids that end in 1 or 9 test). It has no validation split: the
# curve during training is of the test split, and no checkpoint is chosen by it.
size = (512, 512)
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
        pipeline=train_pipeline))
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
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SSDDDataset',
        data_root=data_root,
        ann_file='ImageSets/Main/test.txt',
        data_prefix=dict(img='JPEGImages', ann='Annotations'),
        test_mode=True,
        pipeline=test_pipeline))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric'), dict(type='CocoMetric', metric='bbox')]
test_evaluator = val_evaluator
