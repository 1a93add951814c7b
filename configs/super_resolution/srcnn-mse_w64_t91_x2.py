# SRCNN-MSE for a factor of 2; Set5 and Set14 have no files for it, so that their images are reduced as in training.
_base_ = 'srcnn-mse_w64_t91_x4.py'

scale = 2
# the first step of training loads an image, crops it to a multiple of the factor and reduces it
test_pipeline = [_base_.train_pipeline[0], dict(type='PackInputs', meta_keys=['set_name'])]
set5 = dict(
    type='mmsight.SuperResolutionDataset', set_name='Set5', data_root={{_base_.data_root}}, scale=scale,
    data_prefix=dict(gt='Set5/x4'), filename_tmpl=dict(gt='{}_HR'), test_mode=True, pipeline=test_pipeline)
set14 = dict(set5, set_name='Set14', data_prefix=dict(gt='Set14/x4'))
model = dict(scale=scale, generator=dict(scale=scale))
train_dataloader = dict(dataset=dict(dataset=dict(scale=scale)))
val_dataloader = dict(dataset=dict(_delete_=True, **set5))
test_dataloader = dict(dataset=dict(_delete_=True, type='ConcatDataset', datasets=[set5, set14]))
