# Trainings that a CPU does in minutes: memory in channels_last, which bf16 is fast in.
_base_ = 'sar_shipnet_runtime.py'

default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))
