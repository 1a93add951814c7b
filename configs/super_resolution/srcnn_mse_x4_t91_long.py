# Ten times the steps of srcnn_mse_x4_t91.
_base_ = 'srcnn_mse_x4_t91.py'

train_cfg = dict(max_epochs=100, val_interval=25)
