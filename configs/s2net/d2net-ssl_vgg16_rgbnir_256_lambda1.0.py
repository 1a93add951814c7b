# Fig. 3: lambda 1.0.
_base_ = 'd2net_vgg16_rgbnir_256.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=1.0)]
test_evaluator = dict(name='D2-Net + SSL, lambda 1.0')
