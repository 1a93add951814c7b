# SRGAN-MSE with the generator, data and steps of srcnn-mse_w64_t91_x4.
_base_ = ['../_base_/models/srgan_mse.py', '../_base_/datasets/t91_x4.py', '../_base_/schedules/super_resolution_t91.py']

model = dict(
    generator=dict(width=64, reconstructed=16, up_width=16, num_blocks=4, interpolated_skip=True),
    discriminator=dict(width=16, dense=128),
    test_cfg=dict(tile=256))
optim_wrapper = dict(generator=dict(optimizer=dict(lr=1e-3)))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
