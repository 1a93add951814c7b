# Baseline: mmagic's SRCNN, 9-1-5 on the bicubic enlargement, trained as srcnn-mse_w64_t91_x4.
_base_ = 'srcnn-mse_w64_t91_x4.py'

model = dict(
    generator=dict(_delete_=True, type='SRCNNNet', channels=(3, 64, 32, 3), kernel_sizes=(9, 1, 5), upscale_factor=4))
