# Beyond the paper: a trained checkpoint of RTMDet-R tiny, tested with LASA.
_base_ = 'rtmdet-r_tiny_hrsc2016_512.py'

model = dict(bbox_head=dict(type='mmsight.LASARotatedRTMDetSepBNHead'), test_cfg=dict(lasa=dict(pattern='diamond9')))
