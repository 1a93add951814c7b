# mmrotate's RTMDet-R tiny for one class.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmrotate::rotated_rtmdet/rotated_rtmdet_tiny-3x-dota.py', num_classes=1)
