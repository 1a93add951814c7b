# Table 1: YOLOX-tiny in place of YOLOX-M at 256x256, trained as sar-shipnet_lite0_ssdd_256 but from random weights.
_base_ = [
    '../_base_/models/yolox_tiny.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine_7e.py',
    '../_base_/sar_shipnet_runtime_cpu.py'
]
