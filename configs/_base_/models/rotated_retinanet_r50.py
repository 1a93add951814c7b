# mmrotate's Rotated RetinaNet for one class.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmrotate::rotated_retinanet/rotated-retinanet-rbox-le90_r50_fpn_1x_dota.py', num_classes=1)
