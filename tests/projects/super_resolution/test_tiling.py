"""Tiles give what one pass gives, and their overlap is the receptive field."""

import pytest
import torch
from mmagic.models.editors import MSRResNet, SRCNNNet
from mmsight.projects.super_resolution import SRCNNGenerator
from mmsight.projects.super_resolution.tiling import receptive_radius, super_resolve_tiled
from torch import nn

NETWORKS = {
    # 4 + 1 + 2 at low resolution, then half a pixel at x2 and a quarter of 1 + 4 at x4
    'report': (lambda: SRCNNGenerator(width=8, up_width=8), 4, 9),
    'repo srgan-pl': (lambda: SRCNNGenerator(width=8, learned_upsampling=False), 4, 7),
    'residual': (lambda: SRCNNGenerator(3, width=8, up_width=8, num_blocks=2, interpolated_skip=True), 3, 13),
    'SRCNNNet': (lambda: SRCNNNet((3, 8, 8, 3), (9, 1, 5), 4), 4, None),
    'MSRResNet': (lambda: MSRResNet(3, 3, 8, 2, 4), 4, None),
}


@pytest.mark.parametrize('name', NETWORKS)
@pytest.mark.parametrize('height, width, tile', [(29, 43, 16), (16, 40, 16), (7, 9, 4)])
def test_tiles_equal_one_pass(name, height, width, tile):
    torch.manual_seed(0)
    make, scale, radius = NETWORKS[name]
    net = make().eval()
    for parameter in net.parameters():
        if parameter.dim() == 4:
            nn.init.xavier_uniform_(parameter)
    halo = receptive_radius(net, scale)
    assert radius is None or halo == radius
    x = torch.rand(1, 3, height, width) * 2 - 1
    with torch.no_grad():
        whole = net(x)
    assert (super_resolve_tiled(net, x, scale, tile, halo) - whole).abs().max() < 1e-5
    eight_bit = torch.empty(whole.shape, dtype=torch.uint8)
    super_resolve_tiled(net, x, scale, tile, halo, eight_bit)
    assert (eight_bit.float() - ((whole + 1) * 127.5).clamp(0, 255)).abs().max() <= 0.501


@pytest.mark.parametrize('options, radius', [({}, 9), (dict(width=8, up_width=8, num_blocks=16), 41)])
def test_radius_of_wide_and_of_deep_networks(options, radius):
    assert receptive_radius(SRCNNGenerator(**options), 4) == radius


def test_a_smaller_overlap_shows():
    torch.manual_seed(0)
    net = SRCNNGenerator(width=8, up_width=8).eval()
    net.init_weights()
    x = torch.rand(1, 3, 40, 40) * 2 - 1
    with torch.no_grad():
        whole = net(x)
    assert (super_resolve_tiled(net, x, 4, 20, 2) - whole).abs().max() > 1e-4


def test_radius_is_where_the_output_stops_to_change():
    torch.manual_seed(0)
    net = SRCNNGenerator(width=8, up_width=8).double().eval()
    x = torch.rand(1, 3, 41, 41, dtype=torch.float64)
    with torch.no_grad():
        before = net(x)[..., 80:84, 80:84]
        for distance, reaches in ((9, True), (10, False)):
            y = x.clone()
            y[..., 20 - distance, :] += 1
            y[..., 20 + distance, :] += 1
            assert (not torch.equal(net(y)[..., 80:84, 80:84], before)) == reaches


def test_networks_that_see_the_whole_image_are_refused():
    class Whole(nn.Module):
        def forward(self, x):
            return nn.functional.interpolate(x, scale_factor=2) * x.mean()

    with pytest.raises(ValueError, match='or the whole image'):
        receptive_radius(Whole(), 2, limit=8)
