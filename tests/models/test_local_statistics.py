"""Windowed statistics against plain loops, the global form, other tiles, and ONNX."""

import numpy as np
import pytest
import torch
from mmsight.projects.sar_shipnet import BidirectionalCoordinateAttention
from torch import nn

from mmsight.models import LocalGroupNorm, Window, use_local_statistics, windowed
from mmsight.models.local_statistics import faded_mean


def around(place, side, length):
    """The window around a place, moved inside the map."""
    begin = min(max(place - side // 2, 0), length - side)
    return slice(begin, begin + side)


@pytest.mark.parametrize('side', [1, 2, 3, 4, 5, 7, 12])
@pytest.mark.parametrize('pool', ['avg', 'max'])
def test_windows_against_a_loop(pool, side):
    x = torch.randn(2, 3, 13, 14)
    reduce = np.mean if pool == 'avg' else np.max
    for dim in (2, 3):
        array = np.moveaxis(x.numpy(), dim, -1)
        length = array.shape[-1]
        wanted = np.stack([reduce(array[..., around(i, side, length)], axis=-1) for i in range(length)], axis=-1)
        np.testing.assert_allclose(windowed(x, dim, side, pool).numpy(), np.moveaxis(wanted, -1, dim), atol=1e-6)
        assert windowed(x, dim, length, pool).shape[dim] == 1


def fading(side, length):
    """Weights (length, length) of a faded window around each place: those of a window of windows."""
    weights = np.eye(length)
    for part in (side // 8 * 2 + 1, side - side // 8 * 2):
        weights = np.stack([weights[around(i, part, length)].mean(axis=0) for i in range(length)])
    return weights


@pytest.mark.parametrize('side', [1, 2, 4, 7, 8, 9, 12])
def test_faded_windows_against_a_loop(side):
    x = torch.randn(2, 3, 13, 14, dtype=torch.double)
    for dim in (2, 3):
        weights = torch.from_numpy(fading(side, x.shape[dim]))
        wanted = (weights @ x.movedim(dim, -1)[..., None])[..., 0].movedim(-1, dim)
        torch.testing.assert_close(faded_mean(x, dim, side), wanted, atol=1e-5, rtol=1e-5)
        assert torch.equal(faded_mean(x, dim, x.shape[dim]), x.mean(dim, keepdim=True))
    place = torch.zeros(1, 1, 1, 31, dtype=torch.double)
    place[..., 15] = 1
    found = faded_mean(place, 3, 9)[0, 0, 0] * 21
    np.testing.assert_allclose(found[10:21], [0, 1, 2, 3, 3, 3, 3, 3, 2, 1, 0], atol=1e-5)


def test_group_norm_against_a_loop():
    norm = nn.GroupNorm(2, 6)
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    x = torch.randn(2, 6, 11, 9) * 3 + 50  # a mean that is large against the deviation
    local = LocalGroupNorm(norm, Window(32, (44, 36)))  # a map of stride 4: windows of 8
    weights = np.einsum('yi,xj->yxij', fading(8, 11), fading(8, 9))
    groups = x.double().numpy().reshape(2, 2, 3, 11, 9)
    mean = np.einsum('yxij,ngcij->ngyx', weights, groups)[:, :, None] / 3
    square = np.einsum('yxij,ngcijyx->ngyx', weights, (groups[..., None, None] - mean[:, :, :, None, None])**2) / 3
    wanted = torch.from_numpy((groups - mean) / np.sqrt(square[:, :, None] + norm.eps)).reshape(2, 6, 11, 9).float()
    wanted = wanted * norm.weight[:, None, None] + norm.bias[:, None, None]
    torch.testing.assert_close(local(x), wanted, atol=1e-4, rtol=1e-4)


class Network(nn.Module):
    """A stride of 4, both kinds of pooling, and a map that two strides share a norm for."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 4)
        self.attention = BidirectionalCoordinateAttention(8)
        self.norm = nn.GroupNorm(4, 8)
        self.down = nn.MaxPool2d(2)

    def forward(self, inputs, mode='tensor'):
        x = self.norm(self.attention(self.stem(inputs)))
        return x, self.norm(self.down(x))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Network().eval()


def test_inputs_up_to_the_window_are_as_before(network):
    images = [torch.randn(2, 3, *shape) for shape in ((64, 64), (32, 64), (40, 16))]
    before = [network(image) for image in images]
    names = list(network.state_dict())
    assert use_local_statistics(network, 64)
    assert list(network.state_dict()) == names  # a checkpoint still fits
    for image, wanted in zip(images, before, strict=True):
        for found, value in zip(network(inputs=image), wanted, strict=True):
            assert torch.equal(found, value)


def test_a_place_is_the_same_in_every_tile(network):
    image = torch.randn(1, 3, 64, 256)
    image[..., 128:] *= 3  # so that statistics of the whole differ from those of a part

    def difference():
        whole, tile = network(image)[0], network(image[..., 64:192])[0]
        # columns 24 to 39 of the map of stride 4, which are 32 pixels and more from both ends of the tile
        return (whole[..., 24:40] - tile[..., 8:24]).abs().max()

    assert difference() > 0.05
    use_local_statistics(network, 16)
    assert difference() < 1e-5


def test_a_network_of_convolutions_is_left_alone():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    assert not use_local_statistics(network, 64)
    assert not network._forward_pre_hooks


@pytest.mark.slow
def test_windows_are_exported(network, tmp_path):
    onnx, onnxruntime = pytest.importorskip('onnx'), pytest.importorskip('onnxruntime')
    use_local_statistics(network, 32)
    image, path = torch.randn(1, 3, 64, 96), tmp_path / 'network.onnx'
    wanted = network(image)
    torch.onnx.export(network, (image, ), str(path), opset_version=18, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    assert {node.domain for node in onnx.load(str(path)).graph.node} <= {'', 'ai.onnx'}
    for found, value in zip(session.run(None, {session.get_inputs()[0].name: image.numpy()}), wanted, strict=True):
        np.testing.assert_allclose(found, value.detach().numpy(), atol=1e-4)
