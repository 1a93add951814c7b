# Toy images in DIV2K's layout: high resolution and bicubic x4 as published, patches of 48.
data_root = '{{$MMSIGHT_DATA:data}}/toy/super_resolution/'
load = dict(type='mmsight.Cached', key='gt_path', transforms=[dict(type='mmsight.LoadImagePair')])
train_pipeline = [
    load,
    dict(type='mmsight.RandomPatch', gt_patch_size=48),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='horizontal'),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='vertical'),
    dict(type='RandomTransposeHW', keys=['img', 'gt'], transpose_ratio=0.5),
    dict(type='PackInputs', meta_keys=['set_name'])
]
test_pipeline = [load, dict(type='PackInputs', meta_keys=['set_name'])]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',  # an epoch is 10 patches of each image
        times=10,
        dataset=dict(
            type='mmsight.SuperResolutionDataset',
            data_root=data_root,
            data_prefix=dict(gt='DIV2K_train_HR', img='DIV2K_train_LR_bicubic/X4'),
            filename_tmpl=dict(gt='{}', img='{}x4'),
            scale=4,
            pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.SuperResolutionDataset',
        data_root=data_root,
        data_prefix=dict(gt='DIV2K_valid_HR', img='DIV2K_valid_LR_bicubic/X4'),
        filename_tmpl=dict(gt='{}', img='{}x4'),
        scale=4,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
