# D2-Net on RoadScene by soft negatives, which do not collapse, supervised alone.
_base_ = [
    '../_base_/models/s2net_d2net.py', '../_base_/datasets/roadscene.py', '../_base_/s2net_runtime.py',
    '../_base_/schedules/s2net_box.py'
]

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 256
model = dict(negatives='soft')
optim_wrapper = dict(optimizer=dict(lr=1e-4, weight_decay=1e-5))
train_dataloader = dict(batch_size=4, num_workers=3, dataset=dict(pipeline=train_pipeline(crop, keep=True)))
default_hooks = dict(checkpoint=dict(interval=20), logger=dict(interval=50))
test_evaluator = dict(name='D2-Net')
