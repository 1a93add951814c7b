# The checkpoint of rotated-retinanet_r18w16_toy_128 with LASA.
_base_ = 'rotated-retinanet_r18w16_toy_128.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedRetinaHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
