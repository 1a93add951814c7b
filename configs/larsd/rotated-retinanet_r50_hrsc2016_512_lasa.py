# Beyond the paper: a trained checkpoint of Rotated RetinaNet, tested with LASA.
_base_ = 'rotated-retinanet_r50_hrsc2016_512.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedRetinaHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
