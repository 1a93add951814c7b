# RoadScene: visible and thermal, registered; 43 test pairs by a seeded list, the others train. No validation split: the
# curve during training would be that of the test split, so there is none.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.projects.s2net.pipelines import test_pipeline, train_pipeline

crop = 192
data_root = '{{$MMSIGHT_DATA:data}}/roadscene/'
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmsight.PairDataset',
        data_root=data_root,
        data_prefix=dict(visible='crop_LR_visible', infrared='cropinfrared'),
        test_ids='roadscene_test.txt',
        split='train',
        pipeline=train_pipeline(crop)))
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='mmsight.PairDataset',
        data_root=data_root,
        data_prefix=dict(visible='crop_LR_visible', infrared='cropinfrared'),
        test_ids='roadscene_test.txt',
        split='test',
        pipeline=test_pipeline()))
test_evaluator = dict(
    type='mmsight.MatchingMetric',
    baselines=[dict(type='mmsight.SIFT'), dict(type='mmsight.RIFT'), dict(type='mmsight.ORB')],
    cache_dir='work_dirs/s2net_features')
test_cfg = dict()
