# Toy chips in SAR-Ship-Dataset's own format, read by its own reader; crops of 192 train in half the time of whole chips.
_base_ = 'sarship.py'

from mmsight.projects.sar_shipnet.pipelines import test_pipeline

img_scale = (256, 256)
crop_size = (192, 192)
train_pipeline = [
    dict(type='mmsight.LoadSARImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomResize', scale=img_scale, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, allow_negative_crop=True),
    dict(type='Pad', size=crop_size),
    dict(type='PackDetInputs')
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/sar_shipnet/'
train_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
