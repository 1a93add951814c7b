# As rotated_pipelines_512.py for a network of 256x256 that trains for minutes: flips and quarter turns of the whole image.
_base_ = 'rotated_pipelines_512.py'

size = (256, 256)
train_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type='mmdet.RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size),
    dict(type='RandomChoiceRotate', angles=[90], prob=0.5),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size), *_base_.test_pipeline[-2:]
]
