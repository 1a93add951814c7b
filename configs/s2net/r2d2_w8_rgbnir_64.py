# Real data on a CPU: quarter width, crops of 64, on the 35 training pairs of RGB-NIR; about the steps of r2d2_w8_roadscene_64.
_base_ = [
    '../_base_/models/s2net_r2d2_w8.py', '../_base_/datasets/rgbnir.py', '../_base_/schedules/s2net_r2d2_w8.py',
    '../_base_/s2net_runtime.py'
]

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 64
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline(crop)))
train_cfg = dict(by_epoch=True, max_epochs=36)
test_evaluator = dict(name='R2D2 w8', baselines=[])
