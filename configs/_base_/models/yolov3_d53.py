# mmdet's YOLOv3 for one class.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmdet::yolo/yolov3_d53_8xb8-ms-416-273e_coco.py', num_classes=1)
