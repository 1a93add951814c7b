# The toy configuration without self-supervision: what s2net_toy.py is compared with.
_base_ = [
    '../_base_/models/s2net_r2d2_w8.py', '../_base_/datasets/s2net_toy.py', '../_base_/schedules/s2net_r2d2_w8.py',
    '../_base_/s2net_runtime.py'
]

train_cfg = dict(by_epoch=True, max_epochs=16)
toy_data = 's2net'
model = dict(max_keypoints=1024, sizes=(128, 256))
test_evaluator = dict(name='R2D2')
