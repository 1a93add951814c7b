# The recipe of the code base that the paper started from: Adam, 5e-4 to 5e-6 by cosine, batch 16. Fact sheet, section 7.
# Deviation: no frozen-backbone phase. The cosine ends with the training, so that a config sets `train_cfg.max_epochs` alone.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=5e-4),
    clip_grad=dict(max_norm=35, norm_type=2))  # Adam at 5e-4 can blow up the heatmap loss in the first steps
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
