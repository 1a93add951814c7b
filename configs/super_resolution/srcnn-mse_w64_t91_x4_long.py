# Ten times the steps of srcnn-mse_w64_t91_x4.
_base_ = 'srcnn-mse_w64_t91_x4.py'

train_cfg = dict(max_epochs=100, val_interval=25)
