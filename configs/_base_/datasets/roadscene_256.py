_base_ = ['roadscene.py', 'match_pipelines_256.py']

train_dataloader = dict(batch_size=1, dataset=dict(pipeline=_base_.train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
