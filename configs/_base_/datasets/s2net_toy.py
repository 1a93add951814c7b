# Toy pairs in RoadScene's layout, read by its reader; tested under the fixed warp, where equal places are no help.
_base_ = ['roadscene.py', 'match_pipelines_96.py']

data_root = '{{$MMSIGHT_DATA:data}}/toy/s2net/'
test_pipeline = [dict(type='mmsight.LoadPair'), dict(type='mmsight.FixedInfraredWarp'), dict(type='mmsight.PackTestPair')]
train_dataloader = dict(
    num_workers=1, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=_base_.train_pipeline))
test_dataloader = dict(num_workers=0, dataset=dict(data_root=data_root, test_ids='test.txt', pipeline=test_pipeline))
test_evaluator = dict(cache_dir=None, keypoints=(256, 512, 1024))
