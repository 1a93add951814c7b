# Toy abdomens: LiTS' own format, through the converter and the readers that real volumes take.
train_pipeline = [
    dict(type='mmsight.LoadCTSlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='RandomRotate', prob=0.5, degree=15, seg_pad_val=255),
    dict(type='RandomCrop', crop_size=(80, 80)),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadCTSlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='PackSegInputs', meta_keys=(
        'img_path', 'ori_shape', 'img_shape', 'case', 'slice_index', 'num_slices', 'spacing'))
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/eas_unet/cache/'
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmsight.CTSliceDataset', data_root=data_root, split='train', min_liver=0.015, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmsight.CTSliceDataset', data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmsight.CTSliceDataset', data_root=data_root, split='test', test_mode=True, pipeline=test_pipeline))
val_evaluator = dict(type='mmsight.LiverMetric')
test_evaluator = val_evaluator
