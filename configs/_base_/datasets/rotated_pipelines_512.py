# How images of ships are read for a network of 512x512, with the paper's augmentation: horizontal flip, rotation, crop.
# A ship that the border cuts keeps its whole box if its centre stays inside; boxes stay exact under all three.
# Deviation: the paper fixes 512x512 and does not say how; here the longer side is scaled to 512 and the rest padded.
size = (512, 512)
train_pipeline = [
    dict(type='mmsight.LoadShipImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(type='mmdet.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomRotate', prob=0.5, angle_range=180),
    dict(
        type='mmdet.RandomCrop',
        crop_type='relative_range',
        crop_size=(0.75, 0.75),
        allow_negative_crop=True,
        bbox_clip_border=False),
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadShipImage'),
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.Pad', size=size),
    # after Resize, so that the ground truth stays in the original image's pixels
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor'))
]
