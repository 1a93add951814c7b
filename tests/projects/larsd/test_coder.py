"""Encoding and decoding as inverses, the corner rule, and the reading of eq. 1."""

import math

import pytest
import torch
from mmsight.projects.larsd.coder import EdgeDistanceCoder, edge_distances, ship_frame

from mmsight.rotated_iou import corners

EDGES = [-math.pi / 4, math.pi / 4, 0.0, math.pi / 2, -math.pi / 2, math.pi]


def random_boxes(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    size = torch.rand(count, 2, generator=generator) * 290 + 10
    angle = (torch.rand(count, 1, generator=generator) - 0.5) * 4 * math.pi
    angle[:len(EDGES) * 10, 0] = torch.tensor(EDGES * 10)
    return torch.cat([torch.rand(count, 2, generator=generator) * 1000, size, angle], dim=1)


def same_rectangle(first, second):
    """Largest distance of a corner of one box to the nearest of the other's."""
    a, b = torch.from_numpy(corners(first.numpy())), torch.from_numpy(corners(second.numpy()))
    return torch.cdist(a, b).amin(dim=2).max().item()


@pytest.mark.parametrize('extent', ['half', 'full'])
@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-4), (torch.float32, 2e-4)])
def test_decode_inverts_encode(extent, dtype, tolerance):
    """A hundred thousand boxes at any angle; float32 itself resolves 6e-5 of a pixel at 1000."""
    boxes = random_boxes(100_000).to(dtype)
    share = torch.rand(len(boxes), 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype) * 0.98 - 0.49
    u, v = (share * boxes[:, 2:4]).unbind(1)
    cos, sin = boxes[:, 4].cos(), boxes[:, 4].sin()
    points = boxes[:, :2] + torch.stack([u * cos - v * sin, u * sin + v * cos], dim=1)
    priors = torch.cat([points, torch.rand(len(boxes), 2, dtype=dtype) * 200 + 5], dim=1)
    coder = EdgeDistanceCoder(extent)
    decoded = coder.decode(priors, coder.encode(priors, boxes)).tensor
    assert same_rectangle(decoded, boxes) < tolerance
    assert (decoded - ship_frame(boxes)).abs().max() < tolerance
    assert (decoded[:, 4].abs() <= math.pi / 4).all()


def test_ship_frame_keeps_the_rectangle_and_puts_45_degrees_on_the_positive_side():
    boxes = random_boxes(10_000).double()
    framed = ship_frame(boxes)
    assert same_rectangle(framed, boxes) < 1e-9
    assert ((framed[:, 4] > -math.pi / 4) & (framed[:, 4] <= math.pi / 4)).all()
    for dtype in (torch.float32, torch.float64):
        both = torch.tensor([[0, 0, 8, 2, -math.pi / 4], [0, 0, 8, 2, math.pi / 4]], dtype=dtype)
        assert (ship_frame(both)[:, 4] > 0).all() and ship_frame(both)[:, 2].tolist() == [2, 8]


def test_first_corner_has_the_smallest_sum_of_x_and_y():
    framed = ship_frame(random_boxes(10_000).double())
    framed = framed[framed[:, 4] < math.pi / 4 - 1e-6]  # a tie at 45 degrees
    assert (corners(framed.numpy()).sum(axis=2).argmin(axis=1) == 0).all()


def test_distances_are_to_the_top_right_bottom_and_left_side():
    upright = edge_distances(torch.tensor([[12., 7.]]), torch.tensor([[10., 10., 20., 12., 0.]]))
    assert upright.tolist() == [[3, 8, 9, 12]]
    # turned clockwise by 90 degrees about the centre, the right end is at the bottom
    turned = edge_distances(torch.tensor([[13., 12.]]), torch.tensor([[10., 10., 20., 12., math.pi / 2]]))
    assert turned[0].tolist() == pytest.approx([3, 8, 9, 12], abs=1e-5)


def test_eq_1_at_zero_is_the_prior_or_twice_it():
    prior, zero = torch.tensor([[50., 60., 40., 10.]]), torch.zeros(1, 5)
    assert EdgeDistanceCoder('half').decode(prior, zero).tensor.tolist() == [[50, 60, 40, 10, 0]]
    assert EdgeDistanceCoder('full').decode(prior, zero).tensor.tolist() == [[50, 60, 80, 20, 0]]
    angles = EdgeDistanceCoder().distances(prior.expand(3, -1), torch.tensor([[0, 0, 0, 0, t] for t in (-99., 0., 99.)]))[1]
    assert angles.tolist() == pytest.approx([-math.pi / 4, 0, math.pi / 4])
    with pytest.raises(ValueError, match="'half' or 'full', found 'both'"):
        EdgeDistanceCoder('both')
