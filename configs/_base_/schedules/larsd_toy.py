# Under three minutes on one core.
_base_ = 'larsd_4e.py'

train_cfg = dict(max_epochs=12, val_interval=12)
