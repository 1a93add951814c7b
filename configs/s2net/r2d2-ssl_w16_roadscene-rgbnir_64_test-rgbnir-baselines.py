# r2d2-ssl_w16_roadscene-rgbnir_64_test-rgbnir.py beside every baseline of OpenCV.
_base_ = 'r2d2-ssl_w16_roadscene-rgbnir_64_test-rgbnir.py'

test_evaluator = dict(baselines=[dict(type=f'mmsight.{name}') for name in ('SIFT', 'RIFT', 'ORB', 'AKAZE', 'BRISK')])
