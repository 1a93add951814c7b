# DIV2K as the report's text has it: all of an image at 256x256, and from that, by bicubic, 64x64. Flips; no noise.
data_root = '{{$MMSIGHT_DATA:data}}/DIV2K/'
make_pair = dict(
    type='mmsight.Cached',
    key='gt_path',
    transforms=[
        dict(type='mmsight.LoadImagePair'),
        dict(type='mmsight.ResizeHR', size=(256, 256), method='bicubic'),
        dict(type='mmsight.CropToMultiple'),  # changes nothing but for a factor of 3
        dict(type='mmsight.MakeLR', method='bicubic')
    ])
train_pipeline = [
    make_pair,
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='horizontal'),
    dict(type='PackInputs', meta_keys=['set_name'])
]
test_pipeline = [make_pair, dict(type='PackInputs', meta_keys=['set_name'])]
train_dataloader = dict(
    batch_size=10,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmsight.SuperResolutionDataset',
        data_root=data_root,
        data_prefix=dict(gt='DIV2K_train_HR'),
        scale=4,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SuperResolutionDataset',
        data_root=data_root,
        data_prefix=dict(gt='DIV2K_valid_HR'),
        scale=4,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
