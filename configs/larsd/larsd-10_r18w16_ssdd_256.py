# Rotated SSDD on a CPU. LARSD-10: P2 to P4 with anchors.
_base_ = ['larsd-baseline_r18w16_ssdd_256.py', '../_base_/anchors/ssdd_256.py']

model = dict(
    neck=dict(out_levels=(2, 3, 4)), bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), anchors=_base_.anchors)))
