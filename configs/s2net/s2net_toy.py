# R2D2 at a quarter of its width, with self-supervision, on 48 synthetic pairs: minutes on a laptop.
_base_ = 'r2d2_w8_toy_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
# provisional, chance is about 1: three seeds have not been run yet
expected_results = [dict(metric='match/NCM@1024', min=1)]
