# Rotated SSDD: P2 to P4 with anchors.
_base_ = 'larsd-baseline_r101_ssdd_512.py'

# python projects/larsd/tools/anchor_kmeans.py larsd-baseline_r101_ssdd_512
anchors = [[(8.5, 10.6), (20.2, 9.9), (10, 21.9), (30.8, 11.2), (11.2, 33.2)],
           [(39, 15.1), (14.5, 40.9), (14.8, 65.2), (59.9, 16.4), (19.7, 52)],
           [(24.3, 83.7), (98.7, 25.2), (37.8, 124.3), (184.6, 40.7), (50.2, 219.1)]]
model = dict(
    neck=dict(out_levels=(2, 3, 4)), bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), anchors=anchors)))
