# (w, h) of five ships of optical harbours on each of P2 to P4, in the pixels of the config's crops:
# python projects/larsd/tools/anchor_kmeans.py larsd-10_lite0_inshore_768
anchors = [[(92.3, 10.5), (11.3, 99.2), (107.8, 12.2), (13.4, 117.6), (120, 13.6)],
           [(14.8, 130), (131.8, 15), (15.9, 140.1), (146.5, 16.7), (17.1, 150.1)],
           [(18.8, 165.7), (169.8, 19.3), (22.8, 200.9), (210.3, 23.9), (32, 281.3)]]
