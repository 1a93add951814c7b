# Table 2, row 4, and the circular row of Table 3: SAR-ShipNet with CenterNet's circular Gaussian.
_base_ = 'sar-shipnet_r50_sarship_512.py'

model = dict(bbox_head=dict(gaussian=dict(_delete_=True, shape='circular', radius='cornernet')))
