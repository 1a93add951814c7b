# Trained on liver_slices, tested on whole cases of a cache, in mm, in about the window of the slices: fat is black.
_base_ = 'eas-unet_w16_slices_64.py'

test_pipeline = [dict(type='mmsight.LoadCTSlice'), *_base_.test_pipeline[1:]]
test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmsight.CTSliceDataset', data_root='{{$MMSIGHT_DATA:data}}/chaos_cache/', split='test', test_mode=True,
    metainfo={{_base_.metainfo}}, pipeline=test_pipeline))
test_evaluator = dict(separate_slices=False)
