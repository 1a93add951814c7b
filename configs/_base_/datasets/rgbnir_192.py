_base_ = ['rgbnir.py', 'match_pipelines_192.py']

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
