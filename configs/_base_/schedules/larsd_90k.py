# 90,000 steps of SGD at 0.001 (paper, section III.B), of 8 images, tenfold less after 60,000 and 80,000.
# Deviation: the paper divides the rate by ten every 10,000 steps, which is 1e-11 in the end: taken for a misprint; see the
# `_literal-lr` config. It does not give the batch size, warm-up or clipping.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=90_000, val_interval=10_000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=35, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=False, milestones=[60_000, 80_000], gamma=0.1)
]
auto_scale_lr = dict(enable=False, base_batch_size=8)
