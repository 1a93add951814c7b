# Table IV, LARSD-9: all fifteen anchors on P2.
_base_ = 'larsd-baseline_r101_hrsc2016_512.py'

# python projects/larsd/tools/anchor_kmeans.py larsd-baseline_r101_inshore_512 --epochs 4
# of optical harbours: make your own for HRSC2016 first
anchors = [[(55.2, 6.3), (6.5, 57.3), (65, 7.4), (7.9, 69.5), (71.2, 8.1)],
           [(8.6, 75.6), (77, 8.7), (9.1, 79.7), (83.1, 9.4), (9.5, 83.8)],
           [(91.4, 10.4), (10.5, 92.6), (106.1, 12.1), (12.9, 113.9), (142, 16.1)]]
model = dict(bbox_head=dict(prior_generator=dict(anchors=[sum(anchors, [])])))
