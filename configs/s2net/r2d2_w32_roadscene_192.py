# R2D2 on RoadScene, supervised alone.
_base_ = [
    '../_base_/models/s2net_r2d2.py', '../_base_/datasets/roadscene.py', '../_base_/schedules/s2net_r2d2.py',
    '../_base_/s2net_runtime.py'
]

test_evaluator = dict(name='R2D2')
