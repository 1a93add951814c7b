# SAR-ShipNet at half width on 160 synthetic SAR chips: minutes on a laptop.
_base_ = [
    '../_base_/models/sar_shipnet_r18w32.py', '../_base_/datasets/sar_shipnet_toy.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]

toy_data = 'sar_shipnet'
demo_caption = 'ground truth on the left, predicted boxes with their scores on the right'
train_cfg = dict(max_epochs=20, val_interval=10)
optim_wrapper = dict(optimizer=dict(lr=2e-3, fused=True))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min=5e-6, by_epoch=True, convert_to_iter_based=True)
]
expected_results = [dict(metric='ship/AP50_voc12', min=0.80)]
