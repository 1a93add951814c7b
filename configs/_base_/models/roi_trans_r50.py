# mmrotate's RoI Transformer for one class.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmrotate::roi_trans/roi-trans-le90_r50_fpn_1x_dota.py', num_classes=1)
