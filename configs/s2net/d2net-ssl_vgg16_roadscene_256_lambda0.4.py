# Fig. 3: lambda 0.4.
_base_ = 'd2net_vgg16_roadscene_256.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='D2-Net + SSL, lambda 0.4')
