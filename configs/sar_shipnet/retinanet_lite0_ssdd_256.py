# Table 1: RetinaNet on EfficientNet-Lite0 from ImageNet at 256x256, trained as sar-shipnet_lite0_ssdd_256.
_base_ = [
    '../_base_/models/retinanet_lite0.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine_7e.py',
    '../_base_/sar_shipnet_runtime_cpu.py'
]
