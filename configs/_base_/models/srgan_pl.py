# SRGAN-PL: VGG19 features + 1e-3 adversarial loss (eq. g).
_base_ = 'srgan_mse.py'

model = dict(content_loss=dict(_delete_=True, type='mmsight.VGGFeatureLoss', layer='conv3_4', weights='torchvision'))
