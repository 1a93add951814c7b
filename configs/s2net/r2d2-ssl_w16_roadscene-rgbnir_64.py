# The model in the box: R2D2 with self-supervision on visible / thermal and RGB / near-infrared pairs.
_base_ = 'r2d2_w16_roadscene-rgbnir_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
