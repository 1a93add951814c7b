# S2-Net: D2-Net with self-supervision on RoadScene by soft negatives in crops of 128 pixels, for one core.
_base_ = 'd2net_vgg16_roadscene_128_soft.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.8)]
test_evaluator = dict(name='D2-Net + SSL')
