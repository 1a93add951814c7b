# Half an hour on a CPU for the reduced models.
_base_ = 'adam_cosine.py'

train_cfg = dict(max_epochs=14)
optim_wrapper = dict(type='mmsight.AutocastOptimWrapper', optimizer=dict(lr=1e-3))
