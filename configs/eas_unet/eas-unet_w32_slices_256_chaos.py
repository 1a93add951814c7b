# Trained on liver_slices, tested on whole cases of a cache, in mm, in the window of the weights.
_base_ = 'eas-unet_w32_slices_256.py'

test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmsight.CTSliceDataset', data_root='{{$MMSIGHT_DATA:data}}/chaos_cache/', split='test', test_mode=True,
    metainfo={{_base_.slices.metainfo}}, pipeline=[dict(type='mmsight.LoadCTSlice'), *_base_.test_pipeline[1:]]))
test_evaluator = dict(separate_slices=False)
