# The toy configuration without self-supervision: what S2-Net is compared with.
_base_ = [
    '../_base_/models/s2net_r2d2.py', '../_base_/datasets/s2net_toy.py', '../_base_/schedules/s2net_r2d2.py',
    '../_base_/s2net_runtime.py'
]

toy_data = 's2net'
model = dict(channels=(8, 8, 16, 16, 32, 32), dim=32, max_keypoints=1024, sizes=(128, 256))
train_cfg = dict(max_epochs=10)
optim_wrapper = dict(optimizer=dict(lr=3e-3))
test_evaluator = dict(name='R2D2')
