# mmdet's YOLOX-tiny for one class, at one input size.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py', num_classes=1)
model.data_preprocessor.pop('batch_augments')
