# RoadScene's and RGB-NIR's training pairs together, decoded once; tested on RoadScene.
_base_ = 'roadscene.py'

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 64
pairs = dict(split='train', pipeline=train_pipeline(crop, keep=True))
train_dataloader = dict(
    batch_size=4,
    num_workers=3,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type='mmsight.PairDataset', data_root='{{$MMSIGHT_DATA:data}}/roadscene/', test_ids='roadscene_test.txt',
                 **pairs),
            dict(type='mmsight.RGBNIRDataset', data_root='{{$MMSIGHT_DATA:data}}/rgbnir/', test_ids='rgbnir_test.txt', **pairs)
        ]))
