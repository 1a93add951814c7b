# R2D2 at the paper's width on the training pairs of RoadScene and RGB-NIR, supervised alone:
# 3,456 steps, four minutes of a shared H200.
_base_ = [
    '../_base_/models/s2net_r2d2.py', '../_base_/datasets/roadscene_rgbnir.py', '../_base_/s2net_runtime.py',
    '../_base_/schedules/s2net_box.py'
]

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 192
pairs = dict(split='train', pipeline=train_pipeline(crop, keep=True))
train_dataloader = dict(
    dataset=dict(
        datasets=[
            dict(type='mmsight.PairDataset', data_root='{{$MMSIGHT_DATA:data}}/roadscene/', test_ids='roadscene_test.txt',
                 data_prefix=dict(visible='crop_LR_visible', infrared='cropinfrared'), **pairs),
            dict(type='mmsight.RGBNIRDataset', data_root='{{$MMSIGHT_DATA:data}}/rgbnir/', test_ids='rgbnir_test.txt', **pairs)
        ]))
train_cfg = dict(max_epochs=72)
default_hooks = dict(checkpoint=dict(interval=10), logger=dict(interval=50))
test_evaluator = dict(name='R2D2')
