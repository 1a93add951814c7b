# R2D2 at a quarter of its width, with self-supervision, on 48 synthetic pairs: minutes on a laptop.
_base_ = 'r2d2_w8_toy_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
# not stable yet: runs with two threads reached 84 (seed 0) and 88 (seed 1), one with one thread 27 (seed 0); chance is about 1,
# SIFT has 31
expected_results = [dict(metric='match/NCM@1024', min=20)]
