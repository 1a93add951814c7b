# Table III, LARSD-6: the baseline on P4.
_base_ = 'larsd-baseline_r101_hrsc2016_512.py'

model = dict(neck=dict(out_levels=(4, )), bbox_head=dict(prior_generator=dict(strides=(16, ))))
