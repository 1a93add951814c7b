# D2-Net on the RGB-NIR scenes, supervised alone.
_base_ = [
    '../_base_/models/s2net_d2net.py', '../_base_/datasets/rgbnir_256.py', '../_base_/schedules/s2net_d2net.py',
    '../_base_/s2net_runtime.py'
]

test_evaluator = dict(name='D2-Net')
