# Table IV, LARSD-10: P2 to P4 with anchors, those of optical harbours: make your own for HRSC2016 first.
_base_ = ['larsd-baseline_r101_hrsc2016_512.py', '../_base_/anchors/inshore_512.py']

model = dict(
    neck=dict(out_levels=(2, 3, 4)), bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), anchors=_base_.anchors)))
