# The reduced baseline with P2 to P4 and anchors.
_base_ = 'larsd-baseline_r18w16_ssdd_256.py'

# of larsd-baseline_r101_ssdd_512, whose random crops enlarge the ships a little, halved
anchors = [[(4.2, 5.3), (10, 5), (5, 11), (15.4, 5.5), (5.6, 16.6)],
           [(7.2, 20.5), (19.7, 7.5), (7.4, 32.6), (30.2, 8.3), (9.9, 25.9)],
           [(12.2, 41.5), (49.3, 12.6), (18.7, 62.6), (92.3, 20.3), (25.1, 109.5)]]
model = dict(
    neck=dict(out_levels=(2, 3, 4)), bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), anchors=anchors)))
