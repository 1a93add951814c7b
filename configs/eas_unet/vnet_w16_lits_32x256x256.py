# The paper's 3D baseline: V-Net on patches of 32 slices.
_base_ = [
    '../_base_/models/vnet.py', '../_base_/datasets/lits_32x256x256.py', '../_base_/schedules/sgd_liver_50e.py',
    '../_base_/eas_unet_runtime.py'
]

auto_scale_lr = dict(base_batch_size=2)
