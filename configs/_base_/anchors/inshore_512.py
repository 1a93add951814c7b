# (w, h) of five ships of optical harbours on each of P2 to P4, and the areas that part the levels, in pixels of 512x512:
# python projects/larsd/tools/anchor_kmeans.py larsd-baseline_r101_inshore_512 --epochs 4
anchors = [[(55.2, 6.3), (6.5, 57.3), (65, 7.4), (7.9, 69.5), (71.2, 8.1)],
           [(8.6, 75.6), (77, 8.7), (9.1, 79.7), (83.1, 9.4), (9.5, 83.8)],
           [(91.4, 10.4), (10.5, 92.6), (106.1, 12.1), (12.9, 113.9), (142, 16.1)]]
area_limits = (623, 838)
