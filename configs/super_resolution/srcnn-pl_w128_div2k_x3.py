# SRCNN-PL for a factor of 3. The 256x256 is cut to 255x255.
_base_ = 'srcnn-pl_w128_div2k_x4.py'

scale = 3
model = dict(scale=scale, generator=dict(scale=scale))
train_dataloader = dict(dataset=dict(scale=scale))
val_dataloader = dict(dataset=dict(scale=scale))
test_dataloader = val_dataloader
