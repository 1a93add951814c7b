# S2A-Net at the size of larsd_r18w16.py, from P2 on, as the anchors of SSDD's small ships ask.
_base_ = []  # without it mmengine reads a file with imports as a Python-style config

from mmsight.configs import host_model

model = host_model('mmrotate::s2anet/s2anet-le135_r50_fpn_1x_dota.py', num_classes=1)
model.backbone.update(
    depth=18, stem_channels=16, base_channels=16, frozen_stages=-1, norm_eval=False, zero_init_residual=False, init_cfg=None)
model.neck.update(in_channels=[16, 32, 64, 128], out_channels=32, num_outs=4, start_level=0)
for head in (model.bbox_head_init, model.bbox_head_refine[0]):
    head.update(in_channels=32, feat_channels=32)
    head.anchor_generator.strides = [4, 8, 16, 32]
model.bbox_head_refine[0].frm_cfg.update(feat_channels=32, strides=[4, 8, 16, 32])
