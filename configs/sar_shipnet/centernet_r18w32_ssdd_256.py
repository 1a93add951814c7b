# Real data on a CPU in half an hour: half-width ResNet-18 at 256x256, 14 epochs, from scratch.
_base_ = [
    '../_base_/models/centernet_r18w32.py', '../_base_/datasets/ssdd_256.py', '../_base_/schedules/adam_cosine_14e.py',
    '../_base_/sar_shipnet_runtime_cpu.py'
]
