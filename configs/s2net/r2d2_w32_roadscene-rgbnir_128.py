# The model in the box without its self-supervision: R2D2 on visible / thermal and RGB / near-infrared pairs.
_base_ = [
    '../_base_/models/s2net_r2d2.py', '../_base_/datasets/roadscene_rgbnir.py', '../_base_/s2net_runtime.py',
    '../_base_/schedules/s2net_box.py'
]

# 1,344 steps of four pairs: a hundred minutes of one core with self-supervision
train_cfg = dict(max_epochs=28)
default_hooks = dict(checkpoint=dict(interval=2), logger=dict(interval=50))
test_evaluator = dict(name='R2D2')
