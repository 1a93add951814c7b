# Rotated SSDD on a CPU. LARSD-5: the baseline on P3.
_base_ = 'larsd-baseline_r18w16_ssdd_256.py'

model = dict(neck=dict(out_levels=(3, )), bbox_head=dict(prior_generator=dict(strides=(8, ))))
