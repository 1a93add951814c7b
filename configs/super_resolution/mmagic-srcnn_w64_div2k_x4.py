# Baseline: mmagic's SRCNN, 9-1-5 on the bicubic enlargement.
_base_ = 'srcnn-mse_w128_div2k_x4.py'

model = dict(
    generator=dict(_delete_=True, type='SRCNNNet', channels=(3, 64, 32, 3), kernel_sizes=(9, 1, 5), upscale_factor=4))
