# As sar-shipnet_r18w32_ssdd_512_dense.py, deeper: ResNet-34, still below 10 MB in half precision.
_base_ = 'sar-shipnet_r18w32_ssdd_512_dense.py'

model = dict(
    backbone=dict(channels=(56, 112, 224), backbone=dict(depth=34, stem_channels=28, base_channels=28)),
    neck=dict(in_channels=(56, 112, 224)))
