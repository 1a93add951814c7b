"""The neck's shapes at odd sizes, its steps by hand, and no parameter without use."""

import pytest
import torch
import torch.nn.functional as F
from mmsight.projects.larsd.neck import UNetFusionNeck

CHANNELS = (4, 6, 8, 10)


def pyramid(height, width):
    torch.manual_seed(0)
    sizes = [(-(-height // s), -(-width // s)) for s in (4, 8, 16, 32)]
    return tuple(torch.randn(2, c, *size) for c, size in zip(CHANNELS, sizes, strict=True))


def neck(**kwargs):
    torch.manual_seed(1)
    return UNetFusionNeck(CHANNELS, (4, 8, 12), 5, norm_cfg=dict(type='BN'), **kwargs)


@pytest.mark.parametrize('size', [(64, 96), (75, 101), (33, 31)])
@pytest.mark.parametrize('levels', [(2, 3, 4), (2, ), (3, ), (4, ), (2, 4)])
def test_any_size_and_every_parameter_is_used(size, levels):
    module, inputs = neck(out_levels=levels), pyramid(*size)
    outs = module(inputs)
    assert [tuple(out.shape) for out in outs] == [(2, 5, *inputs[level - 2].shape[-2:]) for level in levels]
    sum(out.square().sum() for out in outs).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_first_step_by_hand():
    """Nearest upsampling to the lateral's size, concatenation, 3x3, 1x1; then the output's 1x1."""
    module, inputs = neck(out_levels=(4, )).eval(), pyramid(75, 101)
    c4, c5 = inputs[2:]
    rows = torch.arange(c4.shape[2]) * c5.shape[2] // c4.shape[2]
    columns = torch.arange(c4.shape[3]) * c5.shape[3] // c4.shape[3]
    x = torch.cat([c4, c5[:, :, rows][:, :, :, columns]], dim=1)
    wide, narrow = module.merges['p4']
    x = F.relu(F.batch_norm(F.conv2d(x, wide.conv.weight, padding=1), wide.bn.running_mean, wide.bn.running_var,
                            wide.bn.weight, wide.bn.bias))
    x = F.relu(F.batch_norm(F.conv2d(x, narrow.conv.weight), narrow.bn.running_mean, narrow.bn.running_var,
                            narrow.bn.weight, narrow.bn.bias))
    out = module.outputs['p4']
    assert torch.allclose(module(inputs)[0], F.conv2d(x, out.weight, out.bias), atol=1e-5)


@pytest.mark.parametrize('levels', [(), (5, ), (3, 2), (2, 2)])
def test_levels_that_do_not_exist(levels):
    with pytest.raises(ValueError, match='out_levels must be'):
        neck(out_levels=levels)
