# SRGAN-MSE as the code behind the report has it.
_base_ = [
    '../_base_/models/srgan_mse.py', '../_base_/datasets/div2k_x4_code.py', '../_base_/schedules/super_resolution_201i.py'
]

# one batch of 10 for the discriminator, a new one for the generator
train_dataloader = dict(batch_size=20)
auto_scale_lr = dict(base_batch_size=20)
model = dict(split_batch=True, adversarial_loss=dict(discriminator='lsgan'))
