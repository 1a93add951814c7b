# 516 axial slices of 98 volumes, 8 bits, 256x256, turned upright; split by volume: 70 train, 8 choose the checkpoint, 20 test.
train_pipeline = [
    dict(type='mmsight.Cached', transforms=[dict(type='mmsight.LoadGreySlice'), dict(type='mmsight.LoadLiverMask')]),
    dict(type='mmsight.RandomWarp'),
    dict(type='mmsight.RandomGreyLevels'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadGreySlice'),
    dict(type='Resize', scale=(256, 256), interpolation='area'),  # whole CT volumes have 512x512
    dict(type='mmsight.LoadLiverMask'),
    dict(type='PackSegInputs', meta_keys=(
        'img_path', 'ori_shape', 'img_shape', 'case', 'slice_index', 'num_slices', 'spacing', 'quarter_turns'))
]
slices = dict(
    type='mmsight.LiverSliceFolder',
    data_root='{{$MMSIGHT_DATA:data}}/liver_slices/',
    upright=True,
    # every tenth of the 78 training volumes, from the fifth on
    holdout=['10006', '10020', '10033', '10051', '10066', '10083', '10103', '10118'],
    metainfo=dict(hu_window=(0, 250)))  # HU; about that of the slices, in which fat is black
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(slices, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(slices, split='holdout', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=16,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(slices, split='val', test_mode=True, pipeline=test_pipeline))
val_evaluator = dict(type='mmsight.LiverMetric', separate_slices=True)
test_evaluator = val_evaluator
