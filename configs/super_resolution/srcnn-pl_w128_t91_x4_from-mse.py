# SRCNN-PL that starts from SRCNN-MSE, as SRGAN's authors start theirs: colours are right before the features take over.
_base_ = 'srcnn-pl_w128_t91_x4.py'

load_from = 'upscale-srcnn-mse'
optim_wrapper = dict(optimizer=dict(lr=1e-4))
