# What the report's generator lacks: 64 channels in place of 3 before the up-sampling, 16 residual blocks, a skip around it all.
_base_ = 'srcnn-mse_w128_t91_x4.py'

model = dict(generator=dict(reconstructed=64, up_width=64, num_blocks=16, interpolated_skip=True))
