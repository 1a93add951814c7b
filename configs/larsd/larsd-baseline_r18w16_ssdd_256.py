# Real data on a CPU in minutes: a narrow ResNet-18 at 256x256, from scratch. Anchor-free on P2.
_base_ = [
    '../_base_/models/larsd_r18w16.py', '../_base_/datasets/rotated_ssdd_256.py', '../_base_/schedules/larsd_4e.py',
    '../_base_/larsd_runtime.py'
]
