# S2-Net: R2D2 at the paper's width with self-supervision, on the training pairs of RoadScene and RGB-NIR:
# the record has 117 epochs, 5,616 steps.
_base_ = 'r2d2_w32_roadscene-rgbnir_192.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
