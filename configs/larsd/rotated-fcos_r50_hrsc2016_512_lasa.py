# Beyond the paper: a trained checkpoint of Rotated FCOS, tested with LASA.
_base_ = 'rotated-fcos_r50_hrsc2016_512.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedFCOSHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
