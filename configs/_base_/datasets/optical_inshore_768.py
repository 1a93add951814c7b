# Harbour ships at the images' own resolution, where they are 12 to 32 pixels wide: crops of 768x768, turned by any angle,
# scaled and recoloured. 8 of the 60 training images, in mmsight/splits/inshore_holdout.txt, choose checkpoint and threshold.
_base_ = 'optical_inshore.py'

from mmsight.projects.larsd import pipelines

img_scale = (768, 768)
load, resize, pad, *finish = pipelines.test_pipeline((1024, 1024))
train_pipeline = [
    dict(type='mmsight.Cached', transforms=[load]),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmsight.RandomQuarterTurn'),
    dict(
        type='RandomResize',
        resize_type='mmdet.Resize',
        scale=(1024, 1024),
        ratio_range=(0.75, 1.33),
        keep_ratio=True,
        clip_object_border=False),
    dict(type='mmdet.RandomCrop', crop_size=img_scale, allow_negative_crop=True, bbox_clip_border=False),
    dict(type='mmdet.Pad', size=img_scale),
    dict(type='RandomRotate', prob=0.5, angle_range=45),
    dict(type='mmdet.YOLOXHSVRandomAug'),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [load, resize, *finish]
train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=8,
        dataset=dict(_base_.train_dataloader.dataset, ann_file='inshore_fit.txt', pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(data_prefix=dict(img='train'), ann_file='inshore_holdout.txt', pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
