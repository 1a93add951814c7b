"""BCA, the attention backbone and MRF, against plain NumPy and the paper's sizes."""

import numpy as np
import pytest
import torch
from mmcv.cnn.bricks import build_plugin_layer
from mmdet.registry import MODELS as MMDET_MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmsight.projects.sar_shipnet import (
    AttentionBackbone,
    BidirectionalCoordinateAttention,
    CoordinateAttention,
    MultiResolutionFusion,
)

from mmsight.registry import MODELS


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def coordinate_attention(x, module, pool):
    """Eq. 1 for one image (C, H, W), with loops over rows and columns."""
    weights = {name: value.detach().double().numpy() for name, value in module.state_dict().items()}

    def squeeze(profile):
        z = weights['squeeze.0.weight'][:, :, 0, 0] @ profile + weights['squeeze.0.bias']
        z = (z - weights['squeeze.1.running_mean']) / np.sqrt(weights['squeeze.1.running_var'] + 1e-5)
        z = z * weights['squeeze.1.weight'] + weights['squeeze.1.bias']
        return z * np.clip(z + 3, 0, 6) / 6

    out = np.empty_like(x)
    rows = [sigmoid(weights['expand_h.weight'][:, :, 0, 0] @ squeeze(pool(x[:, i], axis=1)) + weights['expand_h.bias'])
            for i in range(x.shape[1])]
    columns = [
        sigmoid(weights['expand_w.weight'][:, :, 0, 0] @ squeeze(pool(x[:, :, j], axis=1)) + weights['expand_w.bias'])
        for j in range(x.shape[2])
    ]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            out[:, i, j] = x[:, i, j] * row * column
    return out


def randomise(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return module.eval()


@pytest.mark.parametrize('size', [(5, 7), (1, 1), (8, 3)])
def test_bca_is_the_average_stage_then_the_max_stage_on_its_output(size):
    torch.manual_seed(0)
    module = randomise(BidirectionalCoordinateAttention(16))
    x = torch.randn(2, 16, *size)
    for image, ours in zip(x.double().numpy(), module(x).detach().numpy(), strict=True):
        y = coordinate_attention(image, module.average, np.mean)
        assert np.allclose(ours, coordinate_attention(y, module.max, np.max), atol=1e-5)


def test_reduction_has_a_floor_and_stages_share_nothing():
    assert CoordinateAttention(64).squeeze[0].out_channels == 8
    assert CoordinateAttention(1024).squeeze[0].out_channels == 32
    module = BidirectionalCoordinateAttention(64)
    ids = [id(p) for p in module.parameters()]
    assert len(ids) == len(set(ids)) == 2 * len(list(module.average.parameters()))


def test_unknown_pool():
    with pytest.raises(ValueError, match="'avg' or 'max'"):
        CoordinateAttention(8, pool='median')


def test_gradients_by_finite_differences():
    module = randomise(BidirectionalCoordinateAttention(4)).double()
    x = torch.randn(1, 4, 3, 4, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x, ))


def test_bca_is_a_plugin_layer():
    name, layer = build_plugin_layer(dict(type='mmsight.BidirectionalCoordinateAttention'), in_channels=16)
    assert name == 'bca' and layer(torch.randn(1, 16, 4, 4)).shape == (1, 16, 4, 4)
    backbone = MMDET_MODELS.build(
        dict(type='mmdet.ResNet', depth=50, base_channels=8, stem_channels=8, plugins=[
            dict(cfg=dict(type='mmsight.BidirectionalCoordinateAttention'), stages=(False, True, True, True),
                 position='after_conv3')
        ]))
    assert [m.shape[1] for m in backbone(torch.randn(1, 3, 64, 64))] == [32, 64, 128, 256]


def test_attention_backbone_weighs_the_chosen_outputs():
    torch.manual_seed(0)
    config = dict(type='mmdet.ResNet', depth=18, base_channels=8, stem_channels=8)
    module = AttentionBackbone(config, dict(type='mmsight.BidirectionalCoordinateAttention'), (None, 16, None, 64)).eval()
    x = torch.randn(1, 3, 70, 90)
    plain, ours = module.backbone(x), module(x)
    assert torch.equal(plain[0], ours[0]) and torch.equal(plain[2], ours[2])
    assert torch.equal(module.attentions[1](plain[1]), ours[1]) and not torch.equal(plain[3], ours[3])


@pytest.mark.parametrize('size', [(64, 64), (70, 90), (33, 65)])
def test_mrf_is_the_sum_of_its_branches_at_any_size(size):
    torch.manual_seed(0)
    neck = MultiResolutionFusion((8, 16, 32), ((4, ), (4, 4), (8, 6, 4))).eval()
    maps = [torch.randn(2, 8 * 2**i, -(-size[0] // 2**(3 + i)), -(-size[1] // 2**(3 + i))) for i in range(3)]
    fused, = neck(maps)
    height, width = 2 * maps[0].shape[2], 2 * maps[0].shape[3]
    assert fused.shape == (2, 4, height, width)
    assert torch.allclose(fused, sum(branch(m)[..., :height, :width] for branch, m in zip(neck.branches, maps, strict=True)))


def test_mrf_refuses_branches_of_different_width():
    with pytest.raises(ValueError, match='agree'):
        MultiResolutionFusion((8, 16), ((4, ), (4, 5)))


@pytest.mark.parametrize('name, mebibytes', [('centernet_r50', 124.6), ('sar_shipnet_r50', 134.9)])
def test_size_is_the_papers(root, name, mebibytes):
    """Table 1 prints 124 and 134 MB, which are MiB of fp32 weights, cut to whole ones."""
    model = Config.fromfile(str(root / f'configs/_base_/models/{name}.py')).model
    with DefaultScope.overwrite_default_scope('mmdet'):
        parts = [MODELS.build(model[key]) for key in ('backbone', 'neck', 'bbox_head')]
    size = sum(p.numel() for part in parts for p in part.parameters()) * 4 / 2**20
    assert round(size, 1) == mebibytes
