# (w, h) of five ships of rotated SSDD on each of P2 to P4, in pixels of 512x512:
# python projects/larsd/tools/anchor_kmeans.py larsd-baseline_r101_ssdd_512
anchors = [[(8.5, 10.6), (20.2, 9.9), (10, 21.9), (30.8, 11.2), (11.2, 33.2)],
           [(39, 15.1), (14.5, 40.9), (14.8, 65.2), (59.9, 16.4), (19.7, 52)],
           [(24.3, 83.7), (98.7, 25.2), (37.8, 124.3), (184.6, 40.7), (50.2, 219.1)]]
