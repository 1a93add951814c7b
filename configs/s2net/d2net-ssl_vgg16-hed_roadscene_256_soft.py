# S2-Net: D2-Net with self-supervision on RoadScene by soft negatives, from the VGG16 of an installed package:
# the record has 117 epochs, 4,563 steps.
_base_ = 'd2net_vgg16-hed_roadscene_256_soft.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.8)]
test_evaluator = dict(name='D2-Net + SSL')
