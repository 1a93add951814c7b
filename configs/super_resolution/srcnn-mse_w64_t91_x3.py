# SRCNN-MSE for a factor of 3; Set5 alone, which has files for it.
_base_ = 'srcnn-mse_w64_t91_x4.py'

scale = 3
model = dict(scale=scale, generator=dict(scale=scale))
train_dataloader = dict(dataset=dict(dataset=dict(scale=scale)))
val_dataloader = dict(dataset=dict(scale=scale, data_prefix=dict(gt='Set5/x3', img='Set5/x3')))
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='mmsight.SuperResolutionDataset', set_name='Set5', data_root={{_base_.data_root}}, scale=scale,
        data_prefix=dict(gt='Set5/x3', img='Set5/x3'), filename_tmpl=dict(gt='{}_HR', img='{}_LR'), test_mode=True,
        pipeline={{_base_.test_pipeline}}))
