# One probability an image, from the average over all positions: any input size.
_base_ = 'srgan-mse_w128_div2k_x4.py'

model = dict(discriminator=dict(head='gap'))
