# The discriminator as the text has it, one probability an image: 139 million parameters.
_base_ = 'srgan-mse_w128_div2k_x4.py'

model = dict(discriminator=dict(head='flatten', input_size=256))
