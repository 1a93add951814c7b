# Table 3 reduced: alpha = 0.3
_base_ = 'sar-shipnet_r18w32_ssdd_256.py'

model = dict(bbox_head=dict(gaussian=dict(alpha=0.3)))
