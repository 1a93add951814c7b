# Rotated SSDD on a CPU. LARSD-9: all fifteen anchors on P2.
_base_ = ['larsd-baseline_r18w16_ssdd_256.py', '../_base_/anchors/ssdd_256.py']

model = dict(bbox_head=dict(prior_generator=dict(anchors=[sum(_base_.anchors, [])])))
