# The discriminator as the text has it, one probability an image: 139 million parameters.
_base_ = 'srgan_mse_x4_report.py'

model = dict(discriminator=dict(head='flatten', input_size=256))
