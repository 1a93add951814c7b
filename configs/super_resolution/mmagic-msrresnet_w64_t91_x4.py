# Baseline: mmagic's generator of SRGAN with 4 residual blocks without norm, trained as srcnn-mse_w64_t91_x4.
_base_ = 'srcnn-mse_w64_t91_x4.py'

model = dict(
    generator=dict(
        _delete_=True, type='MSRResNet', in_channels=3, out_channels=3, mid_channels=64, num_blocks=4, upscale_factor=4))
