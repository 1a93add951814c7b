# SRGAN with the loss of a VGG19 that saw no image: no perceptual loss, but all of its machinery.
_base_ = 'srgan-mse_w64_t91_x4.py'

model = dict(content_loss=dict(_delete_=True, type='mmsight.VGGFeatureLoss', layer='conv3_4', weights='random'))
