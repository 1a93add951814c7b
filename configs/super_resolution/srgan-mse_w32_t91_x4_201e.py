# SRGAN-MSE with the generator, data and steps of srcnn-mse_w32_t91_x4_201e, and a discriminator of a quarter of the width.
_base_ = [
    '../_base_/models/srgan_mse.py', '../_base_/datasets/t91_x4.py', '../_base_/schedules/super_resolution_t91_201e.py'
]

model = dict(
    generator=dict(width=32, up_width=64), discriminator=dict(width=16, dense=256), test_cfg=dict(tile=256))
train_dataloader = dict(batch_size=10, drop_last=True, dataset=dict(times=1))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
