# One probability an image, from the average over all positions: any input size.
_base_ = 'srgan_mse_x4_report.py'

model = dict(discriminator=dict(head='gap'))
