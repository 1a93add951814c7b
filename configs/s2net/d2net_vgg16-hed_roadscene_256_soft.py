# D2-Net on RoadScene by soft negatives from the VGG16 of an installed package, supervised alone: five minutes of a GPU.
_base_ = 'd2net_vgg16_roadscene_256_soft.py'

model = dict(pretrained='mmsight://vgg16-hed', preprocessing='caffe')
