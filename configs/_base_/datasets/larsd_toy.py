# Toy harbours in HRSC2016's own format, read by its own reader at their own size, 128x128.
_base_ = ['hrsc2016.py', 'rotated_pipelines_512.py']

train_pipeline = [
    dict(type='mmsight.LoadShipImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(type='mmdet.RandomFlip', prob=[0.25, 0.25, 0.25], direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomChoiceRotate', angles=[90], prob=0.5),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [
    dict(type='mmsight.LoadShipImage'),
    dict(type='mmdet.Resize', scale_factor=1.0),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='rbox'),
    dict(type='mmdet.PackDetInputs', meta_keys=_base_.test_pipeline[-1].meta_keys)
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/larsd/'
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        data_root=data_root, ann_file='ImageSets/train.txt', filter_cfg=dict(filter_empty_gt=False), pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline))
