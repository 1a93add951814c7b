# D2-Net on RoadScene by soft negatives from the VGG16 of an installed package, supervised alone: 3,939 steps,
# four minutes of a shared H200.
_base_ = 'd2net_vgg16_roadscene_256_soft.py'

train_cfg = dict(max_epochs=101)
model = dict(pretrained='mmsight://vgg16-hed', preprocessing='caffe')
