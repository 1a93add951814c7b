# Table III, LARSD-7: the baseline on P2 to P4, parted by area, at the limits of optical harbours.
_base_ = ['larsd-baseline_r101_hrsc2016_512.py', '../_base_/anchors/inshore_512.py']

model = dict(
    neck=dict(out_levels=(2, 3, 4)),
    bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), area_limits=_base_.area_limits)))
