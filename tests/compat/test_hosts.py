"""Every host imports, inherits and runs in the default environment, each in a fresh process."""

import pytest

RUN = '''
import mmsight, torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
import {module}
init_default_scope('{scope}')
from {scope}.registry import MODELS
open(r'{folder}/c.py', 'w').write("_base_ = '{base}'")
cfg = Config.fromfile(r'{folder}/c.py')
{body}
print('forward and backward ran')
'''
DETECT = '''
from mmengine.structures import InstanceData
cfg.model.backbone.init_cfg = None
model = MODELS.build(cfg.model)
from mmdet.structures import DetDataSample
{boxes}
sample = DetDataSample(gt_instances=InstanceData(bboxes=boxes, labels=torch.zeros(1, dtype=torch.long)),
                       metainfo=dict(img_shape=(64, 64), batch_input_shape=(64, 64), pad_shape=(64, 64), scale_factor=(1, 1),
                                     ori_shape=(64, 64)))
losses = model.loss(torch.randn(1, 3, 64, 64), [sample])
model.parse_losses(losses)[0].backward()
model.eval()
with torch.no_grad():
    model.predict(torch.randn(1, 3, 64, 64), [sample])
'''
HOSTS = {
    'mmdet': ('mmdet.models', 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
              DETECT.format(boxes='boxes = torch.tensor([[8., 8., 40., 30.]])')),
    'mmrotate': ('mmrotate.models', 'mmrotate::rotated_retinanet/rotated-retinanet-rbox-le90_r50_fpn_1x_dota.py',
                 DETECT.format(boxes='from mmrotate.structures import RotatedBoxes\n'
                               'boxes = RotatedBoxes(torch.tensor([[24., 24., 30., 16., .3]]))')),
    'mmseg': ('mmseg.models', 'mmseg::_base_/models/fcn_unet_s5-d16.py', '''
cfg.model.pretrained = None
cfg.model.backbone.base_channels = 8
cfg.model.backbone.norm_cfg = cfg.model.decode_head.norm_cfg = cfg.model.auxiliary_head.norm_cfg = dict(type='BN')
cfg.model.data_preprocessor = None
cfg.model.decode_head.update(in_channels=8, channels=8)
cfg.model.auxiliary_head.update(in_channels=16, channels=8)
model = MODELS.build(cfg.model)
from mmseg.structures import SegDataSample
from mmengine.structures import PixelData
sample = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 64, 64, dtype=torch.long)))
model.parse_losses(model.loss(torch.randn(2, 3, 64, 64), [sample] * 2))[0].backward()
'''),
    'mmagic': ('mmagic.models', 'mmagic::srcnn/srcnn_x4k915_1xb16-1000k_div2k.py', '''
import sys, mmagic.datasets, mmagic.evaluation, mmcv, numpy
from importlib.metadata import version
assert mmcv.__version__ == version('onedl-mmcv')  # stated as an older one while mmagic is imported
assert not hasattr(numpy, 'bool8') and 'diffusers' not in sys.modules
model = MODELS.build(cfg.model.generator)
model(torch.rand(1, 3, 8, 8)).sum().backward()
'''),
}


@pytest.mark.slow
@pytest.mark.parametrize('host', HOSTS)
def test_host(run, tmp_path, host):
    module, base, body = HOSTS[host]
    script = tmp_path / 'run.py'
    script.write_text(RUN.format(module=module, scope=host, folder=tmp_path, base=base, body=body))
    assert 'forward and backward ran' in run(script).stdout


def test_importing_mmsight_costs_mmengine_only(run):
    code = ("import sys, mmsight; print([n for n in ('mmcv', 'mmdet', 'mmseg', 'mmrotate', 'mmagic', 'torchvision', 'shapely') "
            'if n in sys.modules])')
    assert run('-c', code).stdout.strip().endswith('[]')


@pytest.mark.slow
def test_compiled_ops_are_left_alone(run, tmp_path):
    """The stand-in is asked last: an extension that lies in mmcv's folder is the one that is found."""
    code = ('import mmsight, mmcv; from mmsight.compat import has_compiled_ops; '
            f"mmcv.__path__.append(r'{tmp_path}'); print(has_compiled_ops())")
    (tmp_path / '_ext.py').write_text('')
    assert run('-c', code).stdout.strip().splitlines()[-1] == 'True'
