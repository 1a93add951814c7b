# Ten minutes on a CPU for networks that start from ImageNet.
_base_ = 'adam_cosine_14e.py'

train_cfg = dict(max_epochs=7, val_interval=7)
