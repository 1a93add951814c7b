# LARSD-11 with a narrow ResNet-18, from scratch, on 480 synthetic harbours: minutes on a laptop.
_base_ = ['../_base_/models/larsd_r18w16.py', '../_base_/datasets/larsd_toy.py', '../_base_/schedules/larsd_toy.py',
          '../_base_/larsd_runtime.py', '../_base_/anchors/toy_128.py']

toy_data = 'larsd'
demo_caption = ('ground truth on the left, predicted boxes with their scores on the right; lasa: detections '
                'without and with LASA, coloured by score, with the points where it read the score map')
model = dict(
    neck=dict(merge_channels=(24, 32, 64), out_channels=24, out_levels=(2, 3, 4)),
    bbox_head=dict(
        in_channels=24, feat_channels=24, stacked_convs=2,
        prior_generator=dict(strides=(4, 8, 16), anchors=_base_.anchors)),
    test_cfg=dict(nms_pre=300, lasa=dict(pattern='diamond9')))
custom_hooks = [dict(type='mmsight.LASAPictureHook')]
expected_results = [dict(metric='rotated/AP50_voc12', min=0.75)]
