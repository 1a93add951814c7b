# SRGAN-MSE with the generator, data and steps of srcnn-mse_w128_t91_x4.
_base_ = [
    '../_base_/models/srgan_mse.py', '../_base_/datasets/t91_x4_96.py', '../_base_/schedules/super_resolution_t91_14e.py'
]

optim_wrapper = dict(generator=dict(optimizer=dict(lr=5e-4)))
