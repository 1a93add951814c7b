"""Layers are watched without a change of the network."""

import pytest
import torch
from torch import nn

from mmsight.engine.layer_maps import gain, watch_layers
from mmsight.errors import InputError


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(4, 2, 1)), nn.Flatten(), nn.Linear(2 * 16, 1))


def test_a_layers_input_and_output(network):
    image = torch.rand(2, 3, 6, 6)
    found = watch_layers(network, ['1.1', '0'], lambda: network(image))
    first = network[0](image)
    assert list(found) == ['1.1', '0'] and torch.equal(found['0'][0], image) and torch.equal(found['0'][1], first)
    assert torch.equal(found['1.1'][0], first.relu()) and torch.equal(found['1.1'][1], network[1](first))
    assert not any(value.requires_grad for pair in found.values() for value in pair)
    assert not any(layer._forward_hooks for layer in network.modules())


@pytest.mark.parametrize('layer, sentence', [
    ('1.10', "no layer '1.10'; did you mean 1.1"), ('3', "layer '3' turns no map into a map"), ('2', "layer '2' turns no map")])
def test_a_wrong_layer_is_one_sentence(network, layer, sentence):
    with pytest.raises(InputError, match=sentence):
        watch_layers(network, [layer], lambda: network(torch.rand(1, 3, 6, 6)))
    assert not any(part._forward_hooks for part in network.modules())


def test_a_layer_that_is_not_called_is_named(network):
    with pytest.raises(InputError, match="layer '1.1'"):
        watch_layers(network, ['1.1'], lambda: network[0](torch.rand(1, 3, 6, 6)))


def test_the_gain_of_weights_is_their_mean_by_strength():
    before = torch.tensor([[[[2.0]], [[-6.0]], [[0.0]]]])
    weights = torch.tensor([0.5, 0.1, 0.9])[None, :, None, None]
    assert gain(before, before * weights).item() == pytest.approx((2 * 0.5 + 6 * 0.1) / 8)
    assert gain(torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 3)).tolist() == [[[0] * 3] * 2]
