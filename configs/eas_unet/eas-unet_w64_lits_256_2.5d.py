# Beyond the paper: the slices above and below as further channels.
_base_ = 'eas-unet_w64_lits_256.py'

train_pipeline = [dict(type='mmsight.LoadCTSlice', neighbours=1), *_base_.train_pipeline[1:]]
test_pipeline = [dict(type='mmsight.LoadCTSlice', neighbours=1), *_base_.test_pipeline[1:]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(backbone=dict(in_channels=3))
