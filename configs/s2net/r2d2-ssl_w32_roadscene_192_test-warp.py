# r2d2-ssl_w32_roadscene_192.py, tested under the fixed warp.
_base_ = 'r2d2-ssl_w32_roadscene_192.py'

from mmsight.projects.s2net.pipelines import test_pipeline

test_dataloader = dict(dataset=dict(pipeline=test_pipeline(warp=True)))
