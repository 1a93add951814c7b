# The model in the box without its self-supervision: R2D2 on visible / thermal and RGB / near-infrared pairs.
_base_ = [
    '../_base_/models/s2net_r2d2_w8.py', '../_base_/datasets/roadscene_rgbnir.py', '../_base_/s2net_runtime.py',
    '../_base_/schedules/s2net_box.py'
]

# half the paper's width; with self-supervision forty minutes of one core
model = dict(channels=(16, 16, 32, 32, 64, 64), dim=64)
optim_wrapper = dict(type='mmsight.AutocastOptimWrapper', optimizer=dict(lr=3e-3))
train_cfg = dict(max_epochs=72)
default_hooks = dict(
    channels_last=dict(type='mmsight.ChannelsLastHook'), checkpoint=dict(interval=4), logger=dict(interval=50))
test_evaluator = dict(name='R2D2')
