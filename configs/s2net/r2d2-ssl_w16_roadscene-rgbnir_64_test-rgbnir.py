# r2d2-ssl_w16_roadscene-rgbnir_64.py, tested on the RGB-NIR scenes.
_base_ = 'r2d2-ssl_w16_roadscene-rgbnir_64.py'

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmsight.RGBNIRDataset',
        data_root='{{$MMSIGHT_DATA:data}}/rgbnir/',
        test_ids='rgbnir_test.txt',
        split='test',
        pipeline=_base_.test_dataloader.dataset.pipeline))
