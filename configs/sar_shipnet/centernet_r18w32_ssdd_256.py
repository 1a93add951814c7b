# Real data on a CPU in half an hour: half-width ResNet-18 at 256x256, 14 epochs, from scratch.
_base_ = [
    '../_base_/models/centernet_r18w32.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine_14e.py',
    '../_base_/sar_shipnet_runtime.py'
]

default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
train_dataloader = dict(batch_size=8, num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
