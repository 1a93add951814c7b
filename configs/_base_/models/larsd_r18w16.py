# A LARSD that a CPU can train: ResNet-18 at a quarter of its width, from scratch, everything else in proportion.
_base_ = 'larsd_r101.py'

model = dict(
    backbone=dict(
        depth=18, stem_channels=16, base_channels=16, frozen_stages=-1, norm_eval=False, zero_init_residual=False,
        init_cfg=None),
    neck=dict(in_channels=(16, 32, 64, 128), merge_channels=(32, 32, 64), out_channels=32),
    bbox_head=dict(in_channels=32, feat_channels=32, norm_cfg=dict(num_groups=8)))
