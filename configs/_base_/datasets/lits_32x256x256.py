# LiTS from the slice cache for 3D networks: patches of 32 slices of 256x256 in training, whole volumes in tests.
train_pipeline = [
    dict(type='mmsight.LoadCTVolume', patch=(32, 256, 256)),
    dict(type='mmsight.RandomFlipVolume', prob=0.5),
    dict(type='mmsight.PackVolume')
]
test_pipeline = [dict(type='mmsight.LoadCTVolume'), dict(type='mmsight.PackVolume')]
data_root = '{{$MMSIGHT_DATA:data}}/lits_cache/'
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    # an epoch of 2D training shows each case about a hundred times
    dataset=dict(
        type='RepeatDataset',
        times=10,
        dataset=dict(type='mmsight.CTVolumeDataset', data_root=data_root, split='train', pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmsight.CTVolumeDataset', data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmsight.LiverMetric')
test_evaluator = val_evaluator
