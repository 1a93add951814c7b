# Table 2, row 1, on EfficientNet-Lite0 from ImageNet at 256x256: CenterNet. 812 steps.
_base_ = [
    '../_base_/models/centernet_lite0.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine_7e.py',
    '../_base_/sar_shipnet_runtime_cpu.py'
]
