# Baseline: mmagic's generator of SRGAN, 16 residual blocks without norm.
_base_ = 'srcnn-mse_w128_div2k_x4.py'

model = dict(
    generator=dict(
        _delete_=True, type='MSRResNet', in_channels=3, out_channels=3, mid_channels=64, num_blocks=16, upscale_factor=4))
