# SAR-ShipNet as sar-shipnet_r18w32_ssdd_256, on a random split as the paper's: 70 % train and 20 % test of the images at hand.
_base_ = 'sar-shipnet_r18w32_ssdd_256.py'

train_dataloader = dict(dataset=dict(ann_file='ssdd_random_train.txt'))
val_dataloader = dict(dataset=dict(ann_file='ssdd_random_test.txt'))
test_dataloader = val_dataloader
