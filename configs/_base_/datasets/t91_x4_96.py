# T91 for a GPU: patches of 96 in batches of 16, 160 of each image an epoch, 900 steps; one image is smaller and is left out.
_base_ = 't91_x4.py'

train_pipeline = [
    _base_.train_pipeline[0], dict(type='mmsight.RandomPatch', gt_patch_size=96), *_base_.train_pipeline[2:]
]
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(times=160, dataset=dict(filter_cfg=dict(min_size=96), pipeline=train_pipeline)))
