# Rotated SSDD on a CPU. LARSD-6: the baseline on P4.
_base_ = 'larsd-baseline_r18w16_ssdd_256.py'

model = dict(neck=dict(out_levels=(4, )), bbox_head=dict(prior_generator=dict(strides=(16, ))))
