# Radar: the few files with coloured pixels are read as grey.
_base_ = ['rotated_ssdd.py', 'rotated_pipelines_512.py']

load = dict(type='mmsight.LoadShipImage', grey=True)
train_dataloader = dict(dataset=dict(pipeline=[load, *_base_.train_pipeline[1:]]))
val_dataloader = dict(dataset=dict(pipeline=[load, *_base_.test_pipeline[1:]]))
test_dataloader = dict(dataset=dict(pipeline=[load, *_base_.test_pipeline[1:]]))
