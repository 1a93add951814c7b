"""DSConv, ECA, EAS, the encoder-decoder and the fusion against plain NumPy, and counted weights."""

import warnings

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS as MMSEG_MODELS
from mmseg.structures import SegDataSample
from mmsight.projects.eas_unet import ECA, DSConv, EASModule, EASNeck, EASUNet, FusionHead, MonaiBackbone
from mmsight.projects.eas_unet.eca import eca_kernel_size
from torch import nn

from mmsight.errors import InputError


def randomise(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return module.eval()


def weights_of(module):
    return {name: value.detach().double().numpy() for name, value in module.state_dict().items()}


def norm(x, weights, name):
    part = [weights[f'{name}.{key}'][:, None, None] for key in ('running_mean', 'running_var', 'weight', 'bias')]
    return (x - part[0]) / np.sqrt(part[1] + 1e-5) * part[2] + part[3]


def conv(x, kernel, rate=1):
    """Plain loop over taps: x (C, H, W), kernel (C_out, C, 3, 3), zero padding."""
    padded = np.pad(x, ((0, 0), (rate, rate), (rate, rate)))
    height, width = x.shape[1:]
    return sum(np.einsum('oc,chw->ohw', kernel[:, :, i, j], padded[:, i * rate:i * rate + height, j * rate:j * rate + width])
               for i in range(3) for j in range(3))


def eca(x, kernel):
    means = np.pad(x.mean((1, 2)), len(kernel) // 2)
    scores = [kernel @ means[c:c + len(kernel)] for c in range(len(x))]
    return x / (1 + np.exp(-np.array(scores)))[:, None, None]


def test_dsconv_is_depthwise_leaky_pointwise_hswish():
    torch.manual_seed(0)
    module, x = randomise(DSConv(3, 5)), torch.randn(1, 3, 6, 7)
    weights = weights_of(module)
    kernels = weights['depthwise.conv.weight']
    y = np.stack([conv(c[None], k[None])[0] for c, k in zip(x[0].double().numpy(), kernels, strict=True)])
    y = norm(y, weights, 'depthwise.bn')
    y = np.where(y > 0, y, 0.01 * y)
    y = norm(np.einsum('oc,chw->ohw', weights['pointwise.conv.weight'][:, :, 0, 0], y), weights, 'pointwise.bn')
    np.testing.assert_allclose(module(x)[0].detach().numpy(), y * np.clip(y + 3, 0, 6) / 6, rtol=1e-4, atol=1e-4)


def test_dsconv_weights():
    """9 C_in + C_in C_out, and two values a channel for each norm: no biases."""
    assert sum(p.numel() for p in DSConv(64, 128).parameters()) == 9 * 64 + 64 * 128 + 2 * (64 + 128)


@pytest.mark.parametrize('channels, size', [(32, 3), (64, 3), (128, 5), (256, 5), (512, 5), (1024, 5), (2048, 7)])
def test_eca_kernel_rule(channels, size):
    assert eca_kernel_size(channels) == size == ECA(channels).conv.kernel_size[0]


def test_eca():
    torch.manual_seed(0)
    module, x = ECA(16), torch.randn(2, 16, 3, 5)
    for image, ours in zip(x.double().numpy(), module(x).detach().numpy(), strict=True):
        np.testing.assert_allclose(ours, eca(image, weights_of(module)['conv.weight'][0, 0]), atol=1e-5)


@pytest.mark.parametrize('position', ['branch1', 'input', 'fused', None])
def test_eas_is_the_projected_pyramid(position):
    torch.manual_seed(0)
    module = randomise(EASModule(8, 6, 4, rates=(1, 2, 3), eca_position=position))
    x = torch.randn(1, 8, 7, 5)
    weights, image = weights_of(module), x[0].double().numpy()

    def weigh(y, here):
        return eca(y, weights['eca.conv.weight'][0, 0]) if here == position else y

    def one_by_one(y, name):
        y = np.einsum('oc,chw->ohw', weights[f'{name}.conv.weight'][:, :, 0, 0], y)
        return np.maximum(norm(y, weights, f'{name}.bn'), 0)

    image = weigh(image, 'input')
    branches = [weigh(one_by_one(image, 'plain'), 'branch1')]
    for i, rate in enumerate((1, 2, 3)):
        dilated = conv(image, weights[f'dilated.{i}.conv.weight'], rate)
        branches.append(np.maximum(norm(dilated, weights, f'dilated.{i}.bn'), 0))
    branches.append(one_by_one(image.mean((1, 2), keepdims=True), 'pooled') * np.ones((1, 7, 5)))
    expected = one_by_one(weigh(np.concatenate(branches), 'fused'), 'project')
    np.testing.assert_allclose(module(x)[0].detach().numpy(), expected, rtol=1e-4, atol=1e-3)


def test_eas_warns_of_rates_beyond_the_map_once_a_size():
    module = EASModule(4, rates=(2, 6, 12), mid_channels=4).eval()
    with pytest.warns(UserWarning, match=r'rates \[6, 12\] are not smaller than the 6x8 map'):
        module(torch.randn(1, 4, 6, 8))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        module(torch.randn(1, 4, 6, 8))
        module(torch.randn(1, 4, 16, 16))


def test_taps_beyond_the_map_have_no_gradient():
    """Why the warning: only the middle tap of such a kernel ever sees the image."""
    module = EASModule(4, rates=(8, ), mid_channels=4)
    module(torch.randn(2, 4, 8, 8)).sum().backward()
    gradient = module.dilated[0].conv.weight.grad.abs().sum((0, 1))
    assert gradient[1, 1] > 0
    gradient[1, 1] = 0
    assert not gradient.any()


@pytest.mark.parametrize('options, change', [
    (dict(image_pool=False), -(16 * 8 + 2 * 8) - 8 * 16),
    (dict(eca_position=None), -3),
    (dict(separable=True), -2 * (16 * 8 * 9) + 2 * (16 * 9 + 2 * 16 + 16 * 8))])
def test_eas_options_change_the_weights_by_their_part(options, change):
    def count(**more):
        return sum(p.numel() for p in EASModule(16, mid_channels=8, rates=(1, 2), **more).parameters())

    assert count(**options) - count() == change


def test_eas_refuses_a_batch_of_one_and_unknown_positions():
    module = EASModule(4, rates=(1, ), mid_channels=4)
    with pytest.raises(InputError, match='train_dataloader.batch_size'):
        module(torch.randn(1, 4, 8, 8))
    EASModule(4, rates=(1, ), mid_channels=4, norm_cfg=dict(type='GN', num_groups=2))(torch.randn(1, 4, 8, 8))
    with pytest.raises(ValueError, match="found 'last'"):
        EASModule(4, eca_position='last')


@pytest.mark.parametrize('size', [(32, 48), (33, 47), (1, 5), (17, 16)])
def test_unet_takes_any_size(size):
    model = EASUNet(in_channels=3, base_channels=4, eas_stages=(2, 4), eas=dict(mid_channels=4, rates=(1, ))).eval()
    outputs = model(torch.randn(1, 3, *size))
    expected = [(4 * 2**i, *(-(-side // 2**i) for side in size)) for i in range(4, -1, -1)]
    assert [tuple(output.shape[1:]) for output in outputs] == expected


def test_unet_stages():
    with pytest.raises(ValueError, match=r'eas_stages must lie in 0..2, found \(4,\)'):
        EASUNet(base_channels=4, num_stages=3)
    plain = EASUNet(base_channels=4, num_stages=3, eas_stages=(), norm_cfg=dict(type='GN', num_groups=1))
    assert not any(isinstance(module, (EASModule, nn.BatchNorm2d)) for module in plain.modules())


def head(**options):
    init_default_scope('mmseg')
    return FusionHead((8, 4), (0, 1), 2, align_corners=False, loss_decode=[
        dict(type='CrossEntropyLoss', avg_non_ignore=True), dict(type='mmsight.ForegroundDiceLoss')], **options)


def test_fusion_upsamples_concatenates_and_weighs():
    torch.manual_seed(0)
    module = head()
    maps = [torch.randn(2, 8, 3, 4), torch.randn(2, 4, 6, 7)]
    sides = [side(x) for side, x in zip(module.sides, maps, strict=True)]
    sides[0] = nn.functional.interpolate(sides[0], (6, 7), mode='bilinear', align_corners=False)
    expected = nn.functional.conv2d(torch.cat(sides, 1), module.conv_seg.weight, module.conv_seg.bias)
    torch.testing.assert_close(module(maps), expected)


def test_deep_supervision_adds_weighted_losses_of_each_scale():
    torch.manual_seed(0)
    plain, deep = head(), head(aux_weights=(0.5, 2.0))
    deep.load_state_dict(plain.state_dict())
    maps = [torch.randn(2, 8, 4, 4), torch.randn(2, 4, 8, 8)]
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 2, (1, 16, 16)))) for _ in range(2)]
    expected, losses = (module.loss(maps, samples, ConfigDict()) for module in (plain, deep))
    for i, weight in enumerate((0.5, 2.0)):
        alone = plain.loss_by_feat(plain.sides[i](maps[i]), samples)
        expected |= {f'aux{i}_{name}': weight * value for name, value in alone.items() if name.startswith('loss')}
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)
    with pytest.raises(ValueError, match='a weight for each of the 2 inputs, found 1'):
        head(aux_weights=(1.0, ))


def test_eas_neck_on_a_host_backbone():
    backbone = MMSEG_MODELS.build(dict(type='mmseg.UNet', in_channels=1, base_channels=4))
    neck = EASNeck((None, None, None, None, 4), mid_channels=4, rates=(1, 2)).eval()
    before = backbone(torch.randn(1, 1, 32, 32))
    after = neck(before)
    assert all(a is b for a, b in zip(before[:4], after[:4], strict=True))
    assert after[4].shape == before[4].shape and not torch.equal(after[4], before[4])


@pytest.mark.parametrize('network, settings', [
    ('UNet', dict(channels=(4, 8, 16), strides=(2, 2))),
    ('DynUNet', dict(filters=(4, 8, 16), kernel_size=(3, 3, 3), strides=(1, 2, 2), upsample_kernel_size=(2, 2))),
])
def test_a_network_of_monai_gives_one_map_of_full_size(network, settings):
    found = MonaiBackbone(network, out_channels=5, **settings)(torch.randn(2, 1, 16, 24))
    assert [tuple(part.shape) for part in found] == [(2, 5, 16, 24)]


def test_another_network_of_monai_is_refused():
    with pytest.raises(ValueError, match="one of UNet, DynUNet, found 'VNet'"):
        MonaiBackbone('VNet', 5)
