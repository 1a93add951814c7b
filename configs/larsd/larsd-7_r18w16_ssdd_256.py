# Rotated SSDD on a CPU. LARSD-7: the baseline on P2 to P4, parted by area.
_base_ = ['larsd-baseline_r18w16_ssdd_256.py', '../_base_/anchors/ssdd_256.py']

model = dict(
    neck=dict(out_levels=(2, 3, 4)),
    bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), area_limits=_base_.area_limits)))
