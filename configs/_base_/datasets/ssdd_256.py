# In batches of 8, for a CPU.
_base_ = ['ssdd.py', 'ship_pipelines_256.py']

train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.test_pipeline))
