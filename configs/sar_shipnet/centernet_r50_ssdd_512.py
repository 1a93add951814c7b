# The paper's baseline, CenterNet, on SSDD.
_base_ = [
    '../_base_/models/centernet_r50.py', '../_base_/datasets/ssdd.py', '../_base_/schedules/adam_cosine.py',
    '../_base_/sar_shipnet_runtime.py'
]

# 928 images are 58 steps an epoch: 300 epochs give the at least 15,000 steps that Adam needs here
train_cfg = dict(max_epochs=300)
