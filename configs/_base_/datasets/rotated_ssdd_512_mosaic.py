# Rotated SSDD at 512x512 for many epochs: images are decoded once and seen as mosaics of four, turned and scaled; in the end
# alone. Images held out choose checkpoint and threshold, as in ssdd_fit.py.
_base_ = 'rotated_ssdd.py'

load = [
    dict(type='mmsight.Cached', transforms=[dict(type='mmsight.LoadShipImage', grey=True)]),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmsight.RandomQuarterTurn'),
    dict(type='mmsight.RandomIntensity')
]
finish = [
    dict(type='mmdet.Pad', size=_base_.img_scale),
    dict(type='RandomRotate', prob=0.5, angle_range=45),
    dict(type='mmdet.PackDetInputs')
]
mosaic_pipeline = [
    *load,
    dict(type='mmdet.CachedMosaic', img_scale=_base_.img_scale, pad_val=0., bbox_clip_border=False),
    dict(
        type='mmdet.RandomCrop',
        crop_type='absolute_range',
        crop_size=(320, 640),
        allow_negative_crop=True,
        bbox_clip_border=False),
    dict(type='mmdet.Resize', scale=_base_.img_scale, keep_ratio=True, clip_object_border=False),
    *finish
]
plain_pipeline = [
    *load,
    dict(
        type='RandomResize',
        resize_type='mmdet.Resize',
        scale=_base_.img_scale,
        ratio_range=(0.75, 1.33),
        keep_ratio=True,
        clip_object_border=False),
    dict(type='mmdet.RandomCrop', crop_size=_base_.img_scale, allow_negative_crop=True, bbox_clip_border=False),
    *finish
]
train_dataloader = dict(
    batch_size=16, num_workers=2, dataset=dict(ann_file='ssdd_fit.txt', pipeline=mosaic_pipeline))
val_dataloader = dict(dataset=dict(ann_file='ssdd_holdout.txt'))
