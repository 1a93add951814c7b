# T91 to train, patches of 48; Set5 to watch; Set5 and Set14 to test, with their published low-resolution files.
data_root = '{{$MMSIGHT_DATA:data}}/sr/'
train_pipeline = [
    dict(
        type='mmsight.Cached',
        key='gt_path',
        transforms=[
            dict(type='mmsight.LoadImagePair'),
            dict(type='mmsight.CropToMultiple'),
            dict(type='mmsight.MakeLR', method='bicubic')
        ]),
    dict(type='mmsight.RandomPatch', gt_patch_size=48),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='horizontal'),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='vertical'),
    dict(type='RandomTransposeHW', keys=['img', 'gt'], transpose_ratio=0.5),
    dict(type='PackInputs', meta_keys=['set_name'])
]
test_pipeline = [
    dict(type='mmsight.Cached', key='gt_path', transforms=[dict(type='mmsight.LoadImagePair')]),
    dict(type='PackInputs', meta_keys=['set_name'])
]
set5 = dict(
    type='mmsight.SuperResolutionDataset',
    set_name='Set5',
    data_root=data_root,
    data_prefix=dict(gt='Set5/x4', img='Set5/x4'),
    filename_tmpl=dict(gt='{}_HR', img='{}_LR'),
    scale=4,
    test_mode=True,
    pipeline=test_pipeline)
set14 = dict(set5, set_name='Set14', data_prefix=dict(gt='Set14/x4', img='Set14/x4'))
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',  # an epoch is 8 patches of each image, 91 steps
        times=8,
        dataset=dict(
            type='mmsight.SuperResolutionDataset',
            data_root=data_root,
            data_prefix=dict(gt='T91'),
            scale=4,
            pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=set5)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ConcatDataset', datasets=[set5, set14]))
