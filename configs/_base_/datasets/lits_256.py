# LiTS from the slice cache, 105 cases to 26: crops of 256x256 in training, whole 512x512 slices in tests. The labels of the
# challenge's 70 test volumes are not public.
train_pipeline = [
    dict(type='mmsight.LoadCTSlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='RandomRotate', prob=0.5, degree=15, seg_pad_val=255),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadCTSlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='PackSegInputs', meta_keys=(
        'img_path', 'ori_shape', 'img_shape', 'case', 'slice_index', 'num_slices', 'spacing'))
]
data_root = '{{$MMSIGHT_DATA:data}}/lits_cache/'
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmsight.CTSliceDataset', data_root=data_root, split='train', min_liver=0.015, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmsight.CTSliceDataset', data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmsight.LiverMetric')
test_evaluator = val_evaluator
