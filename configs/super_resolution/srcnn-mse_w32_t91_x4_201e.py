# SRCNN-MSE of the report at a quarter of its width, with its optimizer, for 201 short epochs: a patch of each image of T91.
_base_ = [
    '../_base_/models/srcnn_mse.py', '../_base_/datasets/t91_x4.py', '../_base_/schedules/super_resolution_t91_201e.py'
]

model = dict(generator=dict(width=32, up_width=64), test_cfg=dict(tile=256))
train_dataloader = dict(batch_size=10, drop_last=True, dataset=dict(times=1))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
