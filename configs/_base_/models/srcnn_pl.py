# SRCNN-PL: VGG19 features instead of pixels (eq. d and f).
_base_ = 'srcnn_mse.py'

model = dict(content_loss=dict(_delete_=True, type='mmsight.VGGFeatureLoss', layer='conv3_4', weights='torchvision'))
