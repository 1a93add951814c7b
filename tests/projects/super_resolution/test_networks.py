"""Generator and discriminator: sizes, parameters, padding, and gradients."""

import pytest
import torch
import torch.nn.functional as F
from mmsight.projects.super_resolution import SRCNNGenerator, SRDiscriminator
from torch import nn


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('options, expected', [({}, 769_286), (dict(learned_upsampling=False), 109_827)])
def test_generator_has_the_parameters_of_the_code_behind_the_report(options, expected):
    assert parameters(SRCNNGenerator(**options)) == expected


@pytest.mark.parametrize('scale', [2, 3, 4])
@pytest.mark.parametrize('learned', [True, False])
@pytest.mark.parametrize('blocks', [0, 2])
def test_generator_enlarges_any_size(scale, learned, blocks):
    net = SRCNNGenerator(scale, width=8, up_width=8, num_blocks=blocks, learned_upsampling=learned)
    net.init_weights()
    output = net(torch.rand(2, 3, 11, 7) * 2 - 1)
    assert output.shape == (2, 3, 11 * scale, 7 * scale)
    output.sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_256_from_64():
    with torch.no_grad():
        assert SRCNNGenerator()(torch.zeros(1, 3, 64, 64)).shape == (1, 3, 256, 256)


def test_generator_is_the_plain_chain_of_the_code():
    """Written out with functions: 9-3-5, then twice nearest, 3x3, ReLU, then 9x9 and tanh."""
    net = SRCNNGenerator()
    p = list(net.parameters())
    x = torch.rand(1, 3, 6, 5) * 2 - 1
    y = F.relu(F.conv2d(x, p[0], p[1], padding=4))
    y = F.conv2d(F.relu(F.conv2d(y, p[2], p[3], padding=1)), p[4], p[5], padding=2)
    for weight, bias in ((p[6], p[7]), (p[8], p[9])):
        y = F.relu(F.conv2d(y.repeat_interleave(2, 2).repeat_interleave(2, 3), weight, bias, padding=1))
    y = torch.tanh(F.conv2d(y, p[10], p[11], padding=4))
    assert torch.allclose(net(x), y, atol=1e-6)


def test_output_is_bounded_with_learned_upsampling_alone():
    x = torch.full((1, 3, 5, 5), 50.0)
    for learned in (True, False):
        net = SRCNNGenerator(width=8, up_width=8, learned_upsampling=learned)
        net.init_weights()
        for parameter in net.parameters():
            parameter.data.abs_()
        assert (net(x).max() <= 1) == learned


def test_residual_blocks_add_to_the_mapping():
    net = SRCNNGenerator(width=8, up_width=8, num_blocks=3)
    plain = SRCNNGenerator(width=8, up_width=8)
    plain.load_state_dict({name: value for name, value in net.state_dict().items() if not name.startswith('blocks.')})
    x = torch.rand(1, 3, 6, 6)
    assert not torch.allclose(net(x), plain(x))
    for block in net.blocks:
        nn.init.zeros_(block.conv2.weight)
        nn.init.zeros_(block.conv2.bias)
    # the skip around the trunk and those in it then double the mapping
    net.reconstruct.weight.data /= 2
    assert torch.allclose(net(x), plain(x), atol=1e-6)


def test_glorot_uniform_and_zero_biases():
    net = SRCNNGenerator()
    net.init_weights()
    weight = net.extract[0].weight
    bound = (6 / (81 * (3 + 128)))**0.5
    assert weight.abs().max() <= bound and weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert net.extract[0].bias.abs().max() == 0


@pytest.mark.parametrize('learned', [True, False])
def test_the_interpolated_skip_starts_as_interpolation(learned):
    net = SRCNNGenerator(3, width=8, up_width=8, learned_upsampling=learned, interpolated_skip=True)
    net.init_weights()
    x = torch.rand(1, 3, 6, 5) * 2 - 1
    assert torch.allclose(net(x), F.interpolate(x, scale_factor=3, mode='bilinear'), atol=1e-6)
    net(x).square().sum().backward()
    assert sum(p.grad.abs().sum() > 0 for p in net.parameters()) == 2  # the last convolution's alone, in the first step


def test_discriminator_has_the_parameters_of_the_code_behind_the_report():
    net = SRDiscriminator()
    assert parameters(net) == 5_215_425
    moving = sum(b.numel() for name, b in net.named_buffers() if 'running' in name)
    assert parameters(net) + moving == 5_219_137  # what Keras counts


@pytest.mark.parametrize('height, width', [(64, 48), (37, 51), (16, 16)])
def test_patch_and_average_heads_take_any_size(height, width):
    x = torch.rand(2, 3, height, width) * 2 - 1
    assert SRDiscriminator('patch', 4, 8)(x).shape == (2, 1, -(-height // 16), -(-width // 16))
    assert SRDiscriminator('gap', 4, 8)(x).shape == (2, 1)


def test_16x16_map_from_256():
    with torch.no_grad():
        assert SRDiscriminator(width=4, dense=8)(torch.zeros(1, 3, 256, 256)).shape == (1, 1, 16, 16)


def test_flatten_head_knows_one_size():
    net = SRDiscriminator('flatten', 4, 8, input_size=40)
    assert net(torch.zeros(2, 3, 40, 40)).shape == (2, 1)
    with pytest.raises(ValueError, match='built for 40 x 40, found 48 x 40'):
        net(torch.zeros(2, 3, 48, 40))
    with pytest.raises(ValueError, match='needs input_size'):
        SRDiscriminator('flatten')


def test_strided_convolutions_pad_as_keras():
    """Even sizes are padded at the end alone: the first output sees the first three pixels."""
    conv = SRDiscriminator(width=4, dense=8).features[2]
    x = torch.rand(1, 4, 8, 8)
    first = (conv.weight * x[:, :, :3, :3]).sum((1, 2, 3)) + conv.bias
    assert torch.allclose(conv(x)[0, :, 0, 0], first, atol=1e-5)
    odd = torch.rand(1, 4, 7, 7)
    first = (conv.weight[:, :, 1:, 1:] * odd[:, :, :2, :2]).sum((1, 2, 3)) + conv.bias
    assert conv(odd).shape[-2:] == (4, 4) and torch.allclose(conv(odd)[0, :, 0, 0], first, atol=1e-5)


@pytest.mark.parametrize('make, message', [(lambda: SRCNNGenerator(5), 'scale must be 2, 3 or 4'),
                                           (lambda: SRDiscriminator('other'), 'head must be one of')])
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
