# Rotated SSDD at 256x256, for trainings on a CPU: one worker; quarter turns and flips.
_base_ = 'rotated_ssdd.py'

from mmsight.projects.larsd.pipelines import quarter_turn_pipeline, test_pipeline

img_scale = (256, 256)
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=quarter_turn_pipeline(img_scale, grey=True)))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline(img_scale, grey=True)))
test_dataloader = val_dataloader
