# Table 3: alpha = 0.1
_base_ = 'sar-shipnet_r50_sarship_512.py'

model = dict(bbox_head=dict(gaussian=dict(alpha=0.1)))
