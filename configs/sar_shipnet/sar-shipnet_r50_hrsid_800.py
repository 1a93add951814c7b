# SAR-ShipNet on HRSID, whose chips are 800x800.
_base_ = [
    '../_base_/models/sar_shipnet_r50.py', '../_base_/datasets/hrsid.py', '../_base_/schedules/adam_cosine.py',
    '../_base_/sar_shipnet_runtime.py'
]

train_dataloader = dict(batch_size=8)  # 800x800 takes 2.4 times the memory of 512x512
