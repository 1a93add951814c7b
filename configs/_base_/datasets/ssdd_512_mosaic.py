# SSDD at 512x512 for many epochs: images are decoded once and seen as mosaics of four, turned and scaled; in the end alone.
_base_ = 'ssdd_fit.py'

load = [
    dict(type='mmsight.Cached', transforms=[dict(type='mmsight.LoadSARImage')]),
    dict(type='LoadAnnotations', with_bbox=True),
    # radar from above: any direction is as likely
    dict(type='RandomFlip', prob=0.5),
    dict(type='mmsight.RandomQuarterTurn'),
    dict(type='mmsight.RandomIntensity')
]
finish = [
    dict(type='Pad', size=_base_.img_scale),
    # slivers that a crop leaves of a ship
    dict(type='FilterAnnotations', min_gt_bbox_wh=(3, 3), keep_empty=False),
    dict(type='PackDetInputs')
]
mosaic_pipeline = [
    *load,
    dict(type='CachedMosaic', img_scale=_base_.img_scale, pad_val=0.),
    dict(type='RandomCrop', crop_type='absolute_range', crop_size=(320, 640), allow_negative_crop=True),
    dict(type='Resize', scale=_base_.img_scale, keep_ratio=True),
    *finish
]
plain_pipeline = [
    *load,
    dict(type='RandomResize', scale=_base_.img_scale, ratio_range=(0.75, 1.33), keep_ratio=True),
    dict(type='RandomCrop', crop_size=_base_.img_scale, allow_negative_crop=True),
    *finish
]
train_dataloader = dict(num_workers=2, dataset=dict(pipeline=mosaic_pipeline))
