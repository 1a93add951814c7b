# SRCNN-PL with the generator, data and steps of srcnn-mse_w32_t91_x4_201e; VGG16, which needs no download, in place of VGG19.
# The weight brings the features' error to that of the pixels, so that an adversarial loss has the same share beside either.
_base_ = 'srcnn-mse_w32_t91_x4_201e.py'

model = dict(content_loss=dict(
    _delete_=True, type='mmsight.VGGFeatureLoss', network='VGG16', layer='conv3_3', normalise='caffe',
    weights='mmsight://vgg16-hed', loss_weight=2e-4))
