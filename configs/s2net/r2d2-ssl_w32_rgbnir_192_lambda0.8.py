# Fig. 3: lambda 0.8.
_base_ = 'r2d2_w32_rgbnir_192.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.8)]
test_evaluator = dict(name='R2D2 + SSL, lambda 0.8')
