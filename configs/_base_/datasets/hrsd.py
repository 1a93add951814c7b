# HRSD, or any folders of large images in DOTA's format: trained on tiles, tested on whole images of up to 7000x3500, for
# models in a sliding window. The paper's split has 1249 images to train, 424 to validate and 824 to test.
# python tools/dataset_converters/tile_ships.py data/hrsd/train data/hrsd/train_tiles
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.larsd.pipelines import test_pipeline, train_pipeline

img_scale = (512, 512)
data_root = '{{$MMSIGHT_DATA:data}}/hrsd/'
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmsight.DOTAShipDataset',
        data_root=data_root,
        data_prefix=dict(img='train_tiles/images', ann='train_tiles/labelTxt'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline(img_scale)))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.DOTAShipDataset',
        data_root=data_root,
        data_prefix=dict(img='val/images', ann='val/labelTxt'),
        test_mode=True,
        pipeline=test_pipeline(None)))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmsight.DOTAShipDataset',
        data_root=data_root,
        data_prefix=dict(img='test/images', ann='test/labelTxt'),
        test_mode=True,
        pipeline=test_pipeline(None)))
val_evaluator = dict(type='mmsight.RotatedShipMetric')
test_evaluator = val_evaluator
