# Fig. 3 at a reduced size: lambda 0.2. The baselines do not depend on it; r2d2-ssl_w8_roadscene_64.py tests them.
_base_ = 'r2d2_w8_roadscene_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.2)]
test_evaluator = dict(name='R2D2 w8 + SSL, lambda 0.2', baselines=[])
