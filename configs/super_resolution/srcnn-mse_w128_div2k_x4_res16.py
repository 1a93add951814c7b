# The question that the report left open: 16 residual blocks behind the mapping.
_base_ = 'srcnn-mse_w128_div2k_x4.py'

model = dict(generator=dict(num_blocks=16))
