# Table 1: SSD512 on SSDD, with the schedule and metric of SAR-ShipNet.
_base_ = [
    '../_base_/models/ssd512.py', '../_base_/datasets/ssdd.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/sar_shipnet_runtime.py'
]
