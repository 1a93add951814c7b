# R2D2 at a quarter of its width, with self-supervision, on 48 synthetic pairs: minutes on a laptop.
_base_ = 'r2d2_w8_toy_64.py'

custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.4)]
test_evaluator = dict(name='R2D2 + SSL')
# seeds 0 and 1 reached 84 and 88; without self-supervision seed 0 reached 32, SIFT has 31
expected_results = [dict(metric='match/NCM@1024', min=50)]
