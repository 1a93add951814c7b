"""Shapes of the fusion neck, and the sizes of the two networks."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from mmsight.projects.sar_shipnet import MultiResolutionFusion

from mmsight.configs import load_config


@pytest.mark.parametrize('size', [(64, 96), (65, 97), (70, 33), (100, 75)])
def test_any_input_size(size):
    neck = MultiResolutionFusion((8, 16, 32), ((4, ), (4, 4), (8, 4, 4)))
    maps = [torch.randn(2, c, -(-size[0] // s), -(-size[1] // s)) for c, s in ((8, 8), (16, 16), (32, 32))]
    fused, = neck(maps)
    assert fused.shape == (2, 4, 2 * maps[0].shape[2], 2 * maps[0].shape[3])
    fused.sum().backward()
    assert all(p.grad is not None for p in neck.parameters())


@pytest.mark.parametrize(('name', 'printed', 'expected'), [('centernet_r50_ssdd_512', 124, 124.6),
                                                         ('sar_shipnet_r50_ssdd_512', 134, 134.9)])
def test_printed_size(name, printed, expected):
    """The paper's MB are MiB of fp32 weights, cut to an integer; ``expected`` is rounded to one decimal."""
    init_default_scope('mmdet')
    model = MODELS.build(load_config(name).model)
    mebibytes = sum(p.numel() for p in model.parameters()) * 4 / 2**20
    assert int(mebibytes) == printed
    assert round(mebibytes, 1) == expected
