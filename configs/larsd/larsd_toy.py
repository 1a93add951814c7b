# LARSD-11 with a narrow ResNet-18, from scratch, on 160 synthetic harbours: minutes on a laptop.
_base_ = ['../_base_/models/larsd_r18w16.py', '../_base_/datasets/larsd_toy.py', '../_base_/schedules/larsd_toy.py',
          '../_base_/larsd_runtime.py']

toy_data = 'larsd'
demo_caption = ('ground truth on the left, predicted boxes with their scores on the right; lasa: detections '
                'without and with LASA, coloured by score, with the points where it read the score map')
# python tools/analysis_tools/anchor_kmeans.py larsd_toy --epochs 4
anchors = [[(30.8, 6), (6.4, 29.9), (6.4, 40.6), (36, 7.5), (44.2, 6.1)],
           [(7.3, 53.1), (10.8, 42), (44.4, 11), (60.4, 8.3), (9.1, 64.3)],
           [(80.2, 11.7), (12.2, 78.1), (64.5, 16.1), (18.5, 74.4), (87.6, 20.8)]]
model = dict(
    neck=dict(merge_channels=(24, 32, 64), out_channels=24, out_levels=(2, 3, 4)),
    bbox_head=dict(
        in_channels=24, feat_channels=24, stacked_convs=2,
        prior_generator=dict(strides=(4, 8, 16), anchors=anchors)),
    test_cfg=dict(nms_pre=300, lasa=dict(pattern='diamond9')))
custom_hooks = [dict(type='mmsight.LASAPictureHook')]
expected_results = [dict(metric='rotated/AP50_voc12', min=0.02)]
