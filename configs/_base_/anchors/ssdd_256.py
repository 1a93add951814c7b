# Those of larsd-baseline_r101_ssdd_512, whose random crops enlarge the ships a little, halved.
anchors = [[(4.2, 5.3), (10, 5), (5, 11), (15.4, 5.5), (5.6, 16.6)],
           [(7.2, 20.5), (19.7, 7.5), (7.4, 32.6), (30.2, 8.3), (9.9, 25.9)],
           [(12.2, 41.5), (49.3, 12.6), (18.7, 62.6), (92.3, 20.3), (25.1, 109.5)]]
area_limits = (112, 327)
