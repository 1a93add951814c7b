# S2-Net: D2-Net with self-supervision on RoadScene by soft negatives, from the VGG16 of an installed package:
# 1,404 steps, as long on the same GPU as the 3,939 without.
_base_ = 'd2net_vgg16-hed_roadscene_256_soft.py'

train_cfg = dict(max_epochs=36)
custom_hooks = [dict(type='mmsight.SelfSupervisedMatchingHook', weight=0.8)]
test_evaluator = dict(name='D2-Net + SSL')
