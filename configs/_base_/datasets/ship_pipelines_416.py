# How images of ships are read for a network of 416x416.
size = (416, 416)
train_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=size, ratio_range=(0.5, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=size, allow_negative_crop=True),
    dict(type='Pad', size=size),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='Resize', scale=size, keep_ratio=True),
    dict(type='Pad', size=size),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'instances'))
]
