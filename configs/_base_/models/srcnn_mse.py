# SRCNN-MSE: the report's generator, pixel loss (eq. c).
model = dict(
    type='mmsight.SuperResolver',
    scale=4,
    generator=dict(type='mmsight.SRCNNGenerator', scale=4),
    content_loss=dict(type='MSELoss'),
    test_cfg=dict(tile=64),  # 256 channels at high resolution: 1.2 GB for a tile, 3 GB for a whole image of DIV2K
    data_preprocessor=dict(type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, output_channel_order='RGB'))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)))
