# S2-Net: R2D2 with self-supervision on RoadScene.
_base_ = 'r2d2_w32_roadscene_192.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
