# Real data on a CPU in minutes: a narrow ResNet-18 at 256x256, from scratch. Anchor-free on P2.
_base_ = [
    '../_base_/models/larsd_r18w16.py', '../_base_/datasets/rotated_ssdd.py', '../_base_/schedules/larsd_4e.py',
    '../_base_/larsd_runtime.py'
]

from mmsight.projects.larsd.pipelines import quarter_turn_pipeline, test_pipeline

img_scale = (256, 256)
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=quarter_turn_pipeline(img_scale, grey=True)))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline(img_scale, grey=True)))
test_dataloader = val_dataloader
