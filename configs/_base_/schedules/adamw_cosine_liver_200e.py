# For a GPU, the same for every network: 200 epochs, 4,400 steps at batch 16; the averaged weights that are best on the held-out
# training volumes count.
_base_ = ['adamw_cosine_liver.py', '../eas_unet_runtime.py']

train_cfg = dict(max_epochs=200, val_interval=20)
optim_wrapper = dict(
    type='mmsight.AutocastOptimWrapper', optimizer=dict(lr=2e-3, weight_decay=5e-2), clip_grad=dict(max_norm=5.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)
]
default_hooks = dict(
    channels_last=dict(type='mmsight.ChannelsLastHook'),
    checkpoint=dict(interval=20, max_keep_ckpts=1, save_best='liver/DSC', rule='greater'),
    ema=dict(type='EMAHook', ema_type='MomentumAnnealingEMA', momentum=0.005, update_buffers=True, priority='ABOVE_NORMAL'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
