# Real data on a CPU, with self-supervision; everything else as r2d2_w8_rgbnir_64.py.
_base_ = 'r2d2_w8_rgbnir_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 w8 + SSL')
