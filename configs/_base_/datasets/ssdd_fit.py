# SSDD without the training images that choose checkpoint and threshold: those in mmsight/splits/ssdd_holdout.txt. Training
# validates on them; test images that training images repeat byte for byte are left out of both.
_base_ = 'ssdd.py'

train_dataloader = dict(dataset=dict(ann_file='ssdd_fit.txt'))
val_dataloader = dict(dataset=dict(ann_file='ssdd_holdout.txt'))
val_evaluator = [dict(type='mmsight.ShipDetectionMetric')]
