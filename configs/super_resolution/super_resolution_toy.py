# SRGAN-MSE, narrow, on 48 synthetic images: minutes on a laptop.
_base_ = [
    '../_base_/models/srgan_mse.py', '../_base_/datasets/super_resolution_toy.py', '../_base_/schedules/super_resolution_t91.py'
]

toy_data = 'super_resolution'
demo_caption = 'low resolution, bicubic, super-resolved, original'
model = dict(
    generator=dict(width=64, reconstructed=16, up_width=16, num_blocks=4, interpolated_skip=True),
    discriminator=dict(width=8, dense=64))
train_cfg = dict(max_epochs=24, val_interval=4)
adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(generator=adam, discriminator=dict(optimizer=dict(lr=2e-4)))
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'), checkpoint=dict(interval=4))
expected_results = [dict(metric='gain/PSNR_Y', min=1.5)]
