# The checkpoint of rtmdet-r_w24_toy_128 with LASA.
_base_ = 'rtmdet-r_w24_toy_128.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedRTMDetSepBNHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
