# T91 for a GPU: patches of 96 in batches of 16, 160 of each image an epoch, 900 steps; one image is smaller and is left out.
_base_ = 't91_x4.py'

train_pipeline = [
    dict(
        type='mmsight.Cached',
        key='gt_path',
        transforms=[
            dict(type='mmsight.LoadImagePair'),
            dict(type='mmsight.CropToMultiple'),
            dict(type='mmsight.MakeLR', method='bicubic')
        ]),
    dict(type='mmsight.RandomPatch', gt_patch_size=96),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='horizontal'),
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='vertical'),
    dict(type='RandomTransposeHW', keys=['img', 'gt'], transpose_ratio=0.5),
    dict(type='PackInputs', meta_keys=['set_name'])
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(times=160, dataset=dict(filter_cfg=dict(min_size=96), pipeline=train_pipeline)))
