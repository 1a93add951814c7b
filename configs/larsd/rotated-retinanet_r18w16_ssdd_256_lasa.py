# The checkpoint of rotated-retinanet_r18w16_ssdd_256 with LASA.
_base_ = 'rotated-retinanet_r18w16_ssdd_256.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedRetinaHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
