# The checkpoint of rotated-fcos_r18w16_ssdd_256 with LASA.
_base_ = 'rotated-fcos_r18w16_ssdd_256.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedFCOSHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
