# DIV2K as the code behind the report has it: 256x256 and 64x64, both from the whole image, both bilinear.
_base_ = 'div2k_x4.py'

make_pair = dict(
    type='mmsight.Cached',
    key='gt_path',
    transforms=[
        dict(type='mmsight.LoadImagePair'),
        dict(type='mmsight.MakeLR', method='bilinear', size=(64, 64)),
        dict(type='mmsight.ResizeHR', size=(256, 256), method='bilinear')
    ])
train_pipeline = [
    make_pair,
    dict(type='Flip', keys=['img', 'gt'], flip_ratio=0.5, direction='horizontal'),
    dict(type='PackInputs', meta_keys=['set_name'])
]
test_pipeline = [make_pair, dict(type='PackInputs', meta_keys=['set_name'])]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline), sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
