# D2-Net on the RGB-NIR scenes, supervised alone.
_base_ = [
    '../_base_/models/s2net_d2net.py', '../_base_/datasets/rgbnir.py', '../_base_/schedules/s2net_d2net.py',
    '../_base_/s2net_runtime.py'
]

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 256
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline(crop)))
test_evaluator = dict(name='D2-Net')
