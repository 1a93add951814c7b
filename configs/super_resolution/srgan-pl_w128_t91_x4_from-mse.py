# SRGAN-PL that starts from SRCNN-MSE, as SRGAN's authors do.
_base_ = 'srgan-pl_w128_t91_x4.py'

load_from = 'upscale-srcnn-mse'
optim_wrapper = dict(generator=dict(optimizer=dict(lr=1e-4)), discriminator=dict(optimizer=dict(lr=1e-4)))
