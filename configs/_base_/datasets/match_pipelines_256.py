# D2-Net's crops. The supervised pair's augmentation of the paper's section III-A.
crop = 256
train_pipeline = [
    dict(type='mmsight.LoadPair'),
    dict(type='mmsight.EnlargePair', size=crop),
    dict(type='mmsight.RandomFlipRotate'),
    dict(type='mmsight.RandomInfraredWarp'),
    dict(type='mmsight.CropPair', size=crop),
    dict(type='mmsight.RandomGrey'),
    dict(type='mmsight.PackPair')
]
test_pipeline = [dict(type='mmsight.LoadPair'), dict(type='mmsight.PackTestPair')]
