# What the report's generator lacks: 64 channels in place of 3 before the up-sampling, 16 residual blocks, a skip around it all.
_base_ = 'srcnn_mse_x4_t91_report.py'

model = dict(generator=dict(reconstructed=64, up_width=64, num_blocks=16, interpolated_skip=True))
