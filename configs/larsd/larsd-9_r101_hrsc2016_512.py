# Table IV, LARSD-9: all fifteen anchors on P2; those of optical harbours: make your own for HRSC2016 first.
_base_ = ['larsd-baseline_r101_hrsc2016_512.py', '../_base_/anchors/inshore_512.py']

model = dict(bbox_head=dict(prior_generator=dict(anchors=[sum(_base_.anchors, [])])))
