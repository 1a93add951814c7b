# The baseline: mmseg's U-Net as it is, on one channel.
_base_ = 'mmseg::_base_/models/fcn_unet_s5-d16.py'

norm_cfg = dict(type='BN')
loss_decode = [
    dict(type='CrossEntropyLoss', avg_non_ignore=True),
    dict(type='mmsight.ForegroundDiceLoss')
]
data_preprocessor = dict(
    _delete_=True, type='SegDataPreProcessor', size_divisor=16, seg_pad_val=255, test_cfg=dict(size_divisor=16))
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(in_channels=1, norm_cfg=norm_cfg),
    decode_head=dict(norm_cfg=norm_cfg, loss_decode=loss_decode),
    auxiliary_head=None,
    test_cfg=dict(_delete_=True, mode='whole'))
