# A few thousand steps in mixed precision: AdamW, cosine, an average of the weights. One validation, of the last weights.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=80)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='mmsight.AutocastOptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05, fused=True),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)
]
hooks = [
    dict(type='mmsight.ChannelsLastHook'),
    # over about the last 500 steps, and over fewer in the first ones
    dict(type='EMAHook', ema_type='mmdet.ExpMomentumEMA', momentum=0.002, gamma=200, update_buffers=True, priority=49)
]
