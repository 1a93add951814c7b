# SRCNN-MSE with the report's generator as it is, on T91, with as many steps as a GPU does in minutes.
_base_ = [
    '../_base_/models/srcnn_mse.py', '../_base_/datasets/t91_x4_96.py', '../_base_/schedules/super_resolution_t91_14e.py'
]

optim_wrapper = dict(type='mmsight.AutocastOptimWrapper', optimizer=dict(lr=5e-4))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
