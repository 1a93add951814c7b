# d2net_roadscene_256.py, tested under the fixed warp.
_base_ = 'd2net_roadscene_256.py'

test_dataloader = dict(dataset=dict(pipeline=_base_.test_warp_pipeline))
