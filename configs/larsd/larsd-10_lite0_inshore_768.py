# LARSD-10 on optical harbour ships in a few thousand steps: EfficientNet-Lite0 from ImageNet, P2 to P4 with anchors.
_base_ = [
    '../_base_/models/larsd_lite0.py', '../_base_/datasets/optical_inshore_768.py', '../_base_/schedules/adamw_cosine_80e.py',
    '../_base_/larsd_runtime.py', '../_base_/anchors/inshore_768.py'
]

model = dict(bbox_head=dict(prior_generator=dict(anchors=_base_.anchors)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
custom_hooks = _base_.hooks
