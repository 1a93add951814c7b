# A few minutes of a GPU for networks that start from ImageNet: 1,450 steps of 16 images of SSDD. Validated at the end.
_base_ = 'adam_cosine.py'

train_cfg = dict(max_epochs=25, val_interval=25)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
