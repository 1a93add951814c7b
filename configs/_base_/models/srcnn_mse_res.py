# A generator that a CPU can train: narrow where the resolution is high, four residual blocks, on top of interpolation.
_base_ = 'srcnn_mse.py'

model = dict(
    channels_last=True,
    generator=dict(width=64, reconstructed=16, up_width=16, num_blocks=4, interpolated_skip=True),
    test_cfg=dict(tile=256))
