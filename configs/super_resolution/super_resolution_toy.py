# SRGAN-MSE, narrow, on 48 synthetic images: minutes on a laptop.
_base_ = [
    '../_base_/models/srgan_mse.py', '../_base_/datasets/super_resolution_toy.py', '../_base_/super_resolution_runtime.py'
]

toy_data = 'super_resolution'
demo_caption = 'low resolution, bicubic, super-resolved, original'
model = dict(
    generator=dict(width=64, reconstructed=16, up_width=16, num_blocks=4, interpolated_skip=True),
    discriminator=dict(width=8, dense=64))
max_epochs = 24
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=4)
adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(generator=adam, discriminator=dict(optimizer=dict(lr=2e-4)))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),  # without it, or at 1e-3, every ReLU may close
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'), checkpoint=dict(interval=4))
expected_results = [dict(metric='gain/PSNR_Y', min=1.5)]
