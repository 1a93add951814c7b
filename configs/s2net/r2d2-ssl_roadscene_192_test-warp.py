# r2d2-ssl_roadscene_192.py, tested under the fixed warp.
_base_ = 'r2d2-ssl_roadscene_192.py'

test_dataloader = dict(dataset=dict(pipeline=_base_.test_warp_pipeline))
