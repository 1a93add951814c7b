# R2D2 as published: 484,387 parameters, 128 dimensions.
model = dict(type='mmsight.R2D2', max_keypoints=4096)
