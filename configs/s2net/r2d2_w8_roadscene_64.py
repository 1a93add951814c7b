# Real data on a CPU: quarter width, crops of 64.
_base_ = [
    '../_base_/models/s2net_r2d2_w8.py', '../_base_/datasets/roadscene_64.py', '../_base_/schedules/s2net_r2d2_w8.py',
    '../_base_/s2net_runtime.py'
]

train_cfg = dict(by_epoch=True, max_epochs=8)
train_dataloader = dict(num_workers=1)
test_evaluator = dict(name='R2D2 w8')
