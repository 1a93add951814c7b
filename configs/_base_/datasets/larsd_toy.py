# Toy harbours in HRSC2016's own format, read by its own reader at their own size, 128x128.
_base_ = 'hrsc2016.py'

from mmsight.projects.larsd.pipelines import quarter_turn_pipeline, test_pipeline

img_scale = None
data_root = '{{$MMSIGHT_DATA:data}}/toy/larsd/'
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        data_root=data_root, ann_file='ImageSets/train.txt', filter_cfg=dict(filter_empty_gt=False),
        pipeline=quarter_turn_pipeline(img_scale)))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, pipeline=test_pipeline(img_scale)))
test_dataloader = val_dataloader
