# LARSD-3 on HRSD: one level and no anchors, so that nothing in the model was measured on other ships; a sliding window at test.
_base_ = [
    '../_base_/models/larsd_r101.py', '../_base_/datasets/hrsd.py', '../_base_/schedules/larsd_90k.py',
    '../_base_/larsd_runtime.py'
]

detector = _base_.model
detector.test_cfg.lasa = dict(pattern='diamond9')
model = dict(_delete_=True, type='mmsight.SlidingWindowDetector', module=detector, tile=512, overlap=192)
