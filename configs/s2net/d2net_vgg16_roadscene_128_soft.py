# D2-Net on RoadScene by soft negatives in crops of 128 pixels: more steps for one core. VGG16 of an installed package.
_base_ = 'd2net_vgg16_roadscene_256_soft.py'

from mmsight.projects.s2net.pipelines import train_pipeline

crop = 128
train_cfg = dict(max_epochs=72)
model = dict(pretrained='mmsight://vgg16-hed', preprocessing='caffe')
train_dataloader = dict(dataset=dict(pipeline=train_pipeline(crop, keep=True)))
