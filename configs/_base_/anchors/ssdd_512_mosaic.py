# (w, h) of five ships of rotated SSDD on each of P2 to P4, in the pixels of the config's crops:
# python projects/larsd/tools/anchor_kmeans.py larsd-10_lite0_ssdd_512 --epochs 2
anchors = [[(6.7, 6.7), (7.4, 16), (15.9, 7.8), (9.4, 25.2), (26, 9.2)],
           [(11.5, 33.1), (33, 12.2), (12.2, 52.4), (48.9, 13.4), (16.3, 40.4)],
           [(19.2, 64.6), (78.3, 20.5), (26.5, 107.7), (153.9, 35.7), (44.8, 180.4)]]
