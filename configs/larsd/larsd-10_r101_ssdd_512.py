# Rotated SSDD: P2 to P4 with anchors.
_base_ = 'larsd-baseline_r101_ssdd_512.py'

# python tools/analysis_tools/anchor_kmeans.py larsd-baseline_r18w16_ssdd_256, times two
anchors = [[(8.4, 10.6), (20, 10), (10, 22), (30.8, 11), (11.2, 33.2)],
           [(14.4, 41), (39.4, 15), (14.8, 65.2), (60.4, 16.6), (19.8, 51.8)],
           [(24.4, 83), (98.6, 25.2), (37.4, 125.2), (184.6, 40.6), (50.2, 219)]]
model = dict(
    neck=dict(out_levels=(2, 3, 4)), bbox_head=dict(prior_generator=dict(strides=(4, 8, 16), anchors=anchors)))
