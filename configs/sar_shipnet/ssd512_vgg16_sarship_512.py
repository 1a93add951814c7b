# Table 1: SSD512 on SAR-Ship-Dataset, with the schedule and metric of SAR-ShipNet.
_base_ = [
    '../_base_/models/ssd512.py', '../_base_/datasets/sarship.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]
