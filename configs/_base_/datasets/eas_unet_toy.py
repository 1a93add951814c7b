# Toy abdomens: LiTS' own format, through the converter and the readers that real volumes take.
_base_ = 'lits_256.py'

train_pipeline = [
    dict(type='mmsight.LoadCTSlice'),
    dict(type='mmsight.LoadLiverMask'),
    dict(type='RandomRotate', prob=0.5, degree=15, seg_pad_val=255),
    dict(type='RandomCrop', crop_size=(80, 80)),
    dict(type='PackSegInputs')
]
data_root = '{{$MMSIGHT_DATA:data}}/toy/eas_unet/cache/'
train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(data_root=data_root, split='test'))
