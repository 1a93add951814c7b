# The reduced baseline with all fifteen anchors on P2.
_base_ = 'larsd-10_r18w16_ssdd_256.py'

model = dict(
    neck=dict(out_levels=(2, )), bbox_head=dict(prior_generator=dict(strides=(4, ), anchors=[sum(_base_.anchors, [])])))
