# The paper's: width 64, EAS at the bottleneck with rates 6, 12 and 18, fusion of four outputs, SGD, 50 epochs.
_base_ = [
    '../_base_/models/eas_unet_w64.py', '../_base_/datasets/lits_256.py', '../_base_/schedules/sgd_liver_50e.py',
    '../_base_/eas_unet_runtime.py'
]
