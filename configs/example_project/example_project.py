# Fits a line in a second: every part of a config, and nothing else.
default_scope = 'mmsight'
task = 'tone'
custom_imports = dict(imports=['mmsight.projects.example_project'], allow_failed_imports=False)
toy_data = 'example_project'
data_root = '{{$MMSIGHT_DATA:data}}/toy/example_project/'

model = dict(type='mmsight.LineModel')
train_dataloader = dict(
    batch_size=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='mmsight.PointDataset', ann_file=data_root + 'train.json'))
test_dataloader = dict(
    batch_size=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='mmsight.PointDataset', ann_file=data_root + 'test.json'))
val_dataloader = test_dataloader
val_evaluator = dict(type='mmsight.MeanError')
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=40, val_interval=20)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.2, momentum=0.5))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=20))
env_cfg = dict(dist_cfg=dict(backend='gloo'))
randomness = dict(seed=0)
auto_scale_lr = dict(enable=False, base_batch_size=8)
expected_results = [dict(metric='example/mean_error', max=0.02)]
