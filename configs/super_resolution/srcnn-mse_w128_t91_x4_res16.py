# What the report's generator lacks: 64 channels in place of 3 before the up-sampling, 16 residual blocks, a skip around it all.
_base_ = 'srcnn-mse_w128_t91_x4.py'

model = dict(
    generator=dict(reconstructed=64, up_width=64, num_blocks=16, interpolated_skip=True),
    test_cfg=dict(tile=160))  # it sees 41 pixels around each, so that small tiles would compute most of them twice
optim_wrapper = dict(optimizer=dict(lr=4e-4), clip_grad=dict(max_norm=0.1))  # at 5e-4 without, it diverged at step 120
