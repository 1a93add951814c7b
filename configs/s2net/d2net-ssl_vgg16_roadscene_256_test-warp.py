# d2net-ssl_vgg16_roadscene_256.py, tested under the fixed warp.
_base_ = 'd2net-ssl_vgg16_roadscene_256.py'

from mmsight.projects.s2net.pipelines import test_pipeline

test_dataloader = dict(dataset=dict(pipeline=test_pipeline(warp=True)))
