# The paper's model: SAR-ShipNet on SAR-Ship-Dataset.
_base_ = [
    '../_base_/models/sar_shipnet_r50.py', '../_base_/datasets/sarship.py', '../_base_/schedules/adam_cosine.py',
    '../_base_/sar_shipnet_runtime.py'
]
