# LARSD-11 with a narrow ResNet-18, from scratch, on 160 synthetic harbours: minutes on a laptop.
_base_ = ['../_base_/models/larsd_r101.py', '../_base_/datasets/larsd_toy.py', '../_base_/larsd_runtime.py']

toy_data = 'larsd'
demo_caption = 'ground truth on the left, predicted boxes with their scores on the right'
model = dict(
    backbone=dict(depth=18, stem_channels=16, base_channels=16, frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(in_channels=(16, 32, 64, 128), merge_channels=(32, 32, 64), out_channels=32, out_levels=(2, 3, 4)),
    bbox_head=dict(
        in_channels=32, feat_channels=32, norm_cfg=dict(num_groups=8),
        # python tools/analysis_tools/anchor_kmeans.py larsd_toy --epochs 4
        prior_generator=dict(strides=(4, 8, 16), anchors=[
            [(30.8, 6), (6.4, 29.9), (6.4, 40.6), (36, 7.5), (44.2, 6.1)],
            [(7.3, 53.1), (10.8, 42), (44.4, 11), (60.4, 8.3), (9.1, 64.3)],
            [(80.2, 11.7), (12.2, 78.1), (64.5, 16.1), (18.5, 74.4), (87.6, 20.8)]
        ])),
    test_cfg=dict(lasa=dict(pattern='diamond9')))
max_epochs = 12
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4, fused=True), clip_grad=dict(max_norm=35))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, T_max=max_epochs, convert_to_iter_based=True)
]
expected_results = [dict(metric='rotated/AP50_voc12', min=0.75)]
