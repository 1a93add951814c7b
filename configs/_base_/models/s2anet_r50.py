# mmrotate's S2A-Net for one class.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmrotate::s2anet/s2anet-le135_r50_fpn_1x_dota.py', num_classes=1)
