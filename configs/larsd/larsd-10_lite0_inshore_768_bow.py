# Bow and stern for the model in the box, whose other weights stay: the tower of bows alone learns, in minutes on a CPU.
_base_ = 'larsd-10_lite0_inshore_768.py'

load_from = 'ships-harbour'
load, boxes, *augment = _base_.train_pipeline
pipeline = [load, dict(boxes, box_type='directed'), *augment]
model = dict(bbox_head=dict(with_bow=True))
train_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(times=1, dataset=dict(pipeline=pipeline)))
val_evaluator = dict(headings=True)
test_evaluator = dict(headings=True)
train_cfg = dict(max_epochs=40, val_interval=40)
optim_wrapper = dict(optimizer=dict(lr=4e-3, fused=False))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)]
custom_hooks = [_base_.hooks[0], dict(type='mmsight.TrainPartHook', part='bbox_head.bow_tower')]
