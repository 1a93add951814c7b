"""BCA against plain NumPy, and as a plugin of mmdet's ResNet."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmsight.projects.sar_shipnet import BidirectionalCoordinateAttention


def _stage(x, module, pool):
    """One attention stage in NumPy, BN in eval mode; x (N, C, H, W)."""
    conv, norm = module.squeeze[0], module.squeeze[1]
    array = {name: value.detach().double().numpy() for name, value in module.state_dict().items()}

    def linear(values, name):
        weight = array[f'{name}.weight'][:, :, 0, 0]
        return np.einsum('oc,ncl->nol', weight, values) + array[f'{name}.bias'][None, :, None]

    def squeeze(values):
        values = linear(values, 'squeeze.0')
        scale = array['squeeze.1.weight'] / np.sqrt(array['squeeze.1.running_var'] + norm.eps)
        values = (values - array['squeeze.1.running_mean'][:, None]) * scale[:, None] + array['squeeze.1.bias'][:, None]
        return values * np.clip(values + 3, 0, 6) / 6

    assert conv.bias is not None
    rows = 1 / (1 + np.exp(-linear(squeeze(pool(x, axis=3)), 'expand_h')))
    columns = 1 / (1 + np.exp(-linear(squeeze(pool(x, axis=2)), 'expand_w')))
    return x * rows[:, :, :, None] * columns[:, :, None, :]


@pytest.mark.parametrize('size', [(5, 7), (1, 9), (8, 8)])
def test_equals_numpy(size):
    torch.manual_seed(0)
    module = BidirectionalCoordinateAttention(16).double().eval()
    for stage in (module.average, module.max):
        torch.nn.init.normal_(stage.squeeze[1].running_mean)
        torch.nn.init.uniform_(stage.squeeze[1].running_var, 0.5, 2)
    x = torch.randn(2, 16, *size, dtype=torch.double)
    reference = _stage(_stage(x.numpy(), module.average, np.mean), module.max, np.max)
    np.testing.assert_allclose(module(x).detach().numpy(), reference, atol=1e-12)


def test_gradients_reach_everything():
    module = BidirectionalCoordinateAttention(64)
    x = torch.randn(2, 64, 5, 3, requires_grad=True)
    module(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in [x, *module.parameters()])


def test_is_a_plugin_of_resnet():
    plugin = dict(
        cfg=dict(type='mmsight.BidirectionalCoordinateAttention'), stages=(False, False, False, True),
        position='after_conv3')
    resnet = MODELS.build(dict(type='ResNet', depth=50, base_channels=8, plugins=[plugin]))
    found = [m for m in resnet.modules() if isinstance(m, BidirectionalCoordinateAttention)]
    assert len(found) == 3
    assert resnet(torch.randn(1, 3, 65, 33))[-1].isfinite().all()
