# R2D2 at a quarter of its width, 30,667 parameters, which a CPU can train. Queries are denser, and nearer to the border, for
# small crops.
model = dict(
    type='mmsight.R2D2', channels=(8, 8, 16, 16, 32, 32), dim=32, max_keypoints=4096, sampler=dict(spacing=4, border=8))
