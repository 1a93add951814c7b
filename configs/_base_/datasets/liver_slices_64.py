# 516 axial slices of 98 volumes, 8 bits, scaled to 64x64 for a CPU; split by volume, 78 to 20.
size = (64, 64)
train_pipeline = [
    dict(type='mmsight.LoadGreySlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='Resize', scale=size, interpolation='area'),
    # the slices lie on their side: all eight orientations, so that the network also reads upright ones
    dict(type='RandomRotFlip', rotate_prob=0, flip_prob=0.5),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomRotate', prob=0.5, degree=15, seg_pad_val=255),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadGreySlice'),
    dict(type='Resize', scale=size, interpolation='area'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='PackSegInputs', meta_keys=(
        'img_path', 'ori_shape', 'img_shape', 'case', 'slice_index', 'num_slices', 'spacing'))
]
metainfo = dict(hu_window=(0, 250))  # HU; about that of the slices, in which fat is black
data_root = '{{$MMSIGHT_DATA:data}}/liver_slices/'
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmsight.LiverSliceFolder', data_root=data_root, split='train', metainfo=metainfo,
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmsight.LiverSliceFolder', data_root=data_root, split='val', test_mode=True, metainfo=metainfo,
                 pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmsight.LiverMetric', separate_slices=True)
test_evaluator = val_evaluator
