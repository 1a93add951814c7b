# Toy pairs in RoadScene's layout, read by its reader; tested under the fixed warp.
_base_ = ['roadscene.py', 'match_pipelines_64.py']

data_root = '{{$MMSIGHT_DATA:data}}/toy/s2net/'
train_dataloader = dict(
    num_workers=1, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=_base_.train_pipeline))
test_dataloader = dict(
    num_workers=0, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=_base_.test_warp_pipeline))
test_evaluator = dict(cache_dir=None, keypoints=(256, 512, 1024))
