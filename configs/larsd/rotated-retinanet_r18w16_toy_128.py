# Rotated RetinaNet on the toy harbours, with the budget of larsd_toy.
_base_ = [
    '../_base_/models/rotated_retinanet_r18w16.py', '../_base_/datasets/larsd_toy.py', '../_base_/schedules/larsd_toy.py',
    '../_base_/larsd_runtime.py'
]

toy_data = 'larsd'
