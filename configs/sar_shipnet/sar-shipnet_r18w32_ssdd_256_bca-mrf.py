# Table 2, row 4, at the reduced size: SAR-ShipNet with CenterNet's circular Gaussian.
_base_ = 'sar-shipnet_r18w32_ssdd_256.py'

model = dict(bbox_head=dict(gaussian=dict(_delete_=True, shape='circular', radius='cornernet')))
