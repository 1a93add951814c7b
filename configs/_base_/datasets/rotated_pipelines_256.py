# As rotated_pipelines_512.py for a network of 256x256.
_base_ = 'rotated_pipelines_512.py'

size = (256, 256)
train_pipeline = [
    *_base_.train_pipeline[:-3],
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size), *_base_.test_pipeline[-2:]
]
