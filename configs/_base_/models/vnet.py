# V-Net: 32 slices of 256x256 at a time.
model = dict(
    type='mmsight.VNet',
    loss_decode=[dict(type='CrossEntropyLoss', avg_non_ignore=True), dict(type='mmsight.ForegroundDiceLoss')],
    patch=(32, 256, 256),
    overlap=0.25)
