# Table 2, row 4, on EfficientNet-Lite0: SAR-ShipNet with CenterNet's circular Gaussian.
_base_ = 'sar-shipnet_lite0_ssdd_256.py'

model = dict(bbox_head=dict(gaussian=dict(_delete_=True, shape='circular', radius='cornernet')))
