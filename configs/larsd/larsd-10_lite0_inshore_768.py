# Optical harbour ships in a few thousand steps: EfficientNet-Lite0 from ImageNet, P2 to P4 with anchors.
_base_ = [
    '../_base_/models/larsd_lite0.py', '../_base_/datasets/optical_inshore_768.py', '../_base_/schedules/adamw_cosine_80e.py',
    '../_base_/larsd_runtime.py'
]

# python projects/larsd/tools/anchor_kmeans.py larsd-10_lite0_inshore_768
anchors = [[(92.3, 10.5), (11.3, 99.2), (107.8, 12.2), (13.4, 117.6), (120, 13.6)],
           [(14.8, 130), (131.8, 15), (15.9, 140.1), (146.5, 16.7), (17.1, 150.1)],
           [(18.8, 165.7), (169.8, 19.3), (22.8, 200.9), (210.3, 23.9), (32, 281.3)]]
model = dict(bbox_head=dict(prior_generator=dict(anchors=anchors)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
custom_hooks = _base_.hooks
