# Toy pairs in RoadScene's layout, read by its reader; tested under the fixed warp.
_base_ = 'roadscene.py'

from mmsight.projects.s2net.pipelines import test_pipeline, train_pipeline

crop = 64
data_root = '{{$MMSIGHT_DATA:data}}/toy/s2net/'
train_dataloader = dict(
    num_workers=1, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=train_pipeline(crop)))
test_dataloader = dict(
    num_workers=0, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=test_pipeline(warp=True)))
test_evaluator = dict(cache_dir=None, keypoints=(256, 512, 1024))
