# Crops of the toy pairs. The supervised pair's augmentation is that of the paper's section III-A.
crop = 64
train_pipeline = [
    dict(type='mmsight.LoadPair'),
    dict(type='mmsight.EnlargePair', size=crop),
    dict(type='mmsight.RandomFlipRotate'),
    dict(type='mmsight.RandomInfraredWarp'),
    dict(type='mmsight.CropPair', size=crop),
    dict(type='mmsight.RandomGrey'),
    dict(type='mmsight.PackPair')
]
# the paper's tables: pairs as they are
test_pipeline = [dict(type='mmsight.LoadPair'), dict(type='mmsight.PackTestPair')]
# harder: the infrared image under a fixed warp, where equal places are no help
test_warp_pipeline = [dict(type='mmsight.LoadPair'), dict(type='mmsight.FixedInfraredWarp'), dict(type='mmsight.PackTestPair')]
