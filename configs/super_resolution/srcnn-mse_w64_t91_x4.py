# SRCNN-MSE that a CPU can train on real images: narrow at high resolution, residual blocks, on top of interpolation.
_base_ = ['../_base_/models/srcnn_mse.py', '../_base_/datasets/t91_x4.py', '../_base_/schedules/super_resolution_t91.py']

model = dict(
    generator=dict(width=64, reconstructed=16, up_width=16, num_blocks=4, interpolated_skip=True),
    test_cfg=dict(tile=256))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
