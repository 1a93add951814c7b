# The question that the report left open: 16 residual blocks behind the mapping.
_base_ = 'srcnn_mse_x4_report.py'

model = dict(generator=dict(num_blocks=16))
