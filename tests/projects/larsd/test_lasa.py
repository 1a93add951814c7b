"""LASA against known fields and a plain loop, and in each head."""

import math

import pytest
import torch
from mmsight.projects.larsd.lasa import LASA, PATTERNS

COUNTS = {'rect9': 9, 'diamond5': 5, 'diamond9': 9, 'diamond13': 13}


def boxes(count, size=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    part = torch.rand(count, 5, generator=generator)
    return torch.cat([part[:, :2] * size, part[:, 2:4] * 40 + 2, (part[:, 4:] - 0.5) * math.pi], dim=1)


def sample(plane, x, y):
    """Bilinear value of a list of rows at x, y in cells, the border repeated outside: a plain loop's body."""
    height, width = len(plane), len(plane[0])
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = min(int(x), width - 1), min(int(y), height - 1)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    a, b = x - left, y - top
    return (plane[top][left] * (1 - a) * (1 - b) + plane[top][right] * a * (1 - b) + plane[bottom][left] * (1 - a) * b
            + plane[bottom][right] * a * b)


@pytest.mark.parametrize('channel', ['same', 'max'])
@pytest.mark.parametrize('pattern', [*PATTERNS, [(0.2, -0.7), (1, 1)]], ids=[*PATTERNS, 'custom'])
def test_equals_a_plain_loop(pattern, channel):
    """Three levels of odd size, two classes of three anchors, boxes that reach over the border."""
    generator = torch.Generator().manual_seed(1)
    maps = [torch.rand(6, h, w, generator=generator) for h, w in ((15, 17), (8, 9), (3, 5))]
    rotated = boxes(40)
    levels, channels = torch.randint(0, 3, (40, ), generator=generator), torch.randint(0, 6, (40, ), generator=generator)
    lasa = LASA(pattern, spread=0.8, channel=channel)
    found = lasa(maps, rotated, levels, channels, (4, 8, 16), num_classes=2, offset=0.5)
    points = PATTERNS[pattern] if isinstance(pattern, str) else pattern
    for index, (cx, cy, w, h, angle) in enumerate(rotated.tolist()):
        score_map, stride = maps[levels[index]], (4, 8, 16)[levels[index]]
        if channel == 'same':
            plane = score_map[channels[index]].tolist()
        else:
            plane = score_map[channels[index] % 2::2].max(dim=0)[0].tolist()
        total = 0
        for u, v in points:
            u, v = u * 0.8 * w / 2, v * 0.8 * h / 2
            x = cx + u * math.cos(angle) - v * math.sin(angle)
            y = cy + u * math.sin(angle) + v * math.cos(angle)
            total += sample(plane, x / stride - 0.5, y / stride - 0.5)
        assert found[index].item() == pytest.approx(total / len(points), abs=2e-6)


@pytest.mark.parametrize('pattern', PATTERNS)
def test_a_linear_field_gives_the_value_at_the_centre(pattern):
    """The patterns are symmetric; inside the map bilinear sampling is exact on a plane."""
    y, x = torch.meshgrid(torch.arange(40.), torch.arange(50.), indexing='ij')
    field = (0.2 + 0.01 * x + 0.005 * y)[None]
    rotated = boxes(30, 60)
    rotated[:, :2] += 60
    found = LASA(pattern)([field], rotated, torch.zeros(30).long(), torch.zeros(30).long(), (4, ))
    centre = rotated[:, :2] / 4 - 0.5
    assert torch.allclose(found, 0.2 + 0.01 * centre[:, 0] + 0.005 * centre[:, 1], atol=1e-5)


def test_patterns_are_inside_the_box_symmetric_and_distinct():
    for name, points in PATTERNS.items():
        assert len(set(points)) == len(points) == COUNTS[name]
        assert {(-x, y) for x, y in points} == set(points) == {(x, -y) for x, y in points}
        assert max(abs(v) for point in points for v in point) == 1
    assert set(PATTERNS['diamond5']) < set(PATTERNS['diamond9']) < set(PATTERNS['diamond13'])


def test_sampling_points_turn_clockwise_with_y_down():
    points = LASA([(1, 0), (0, 1)], spread=1).sampling_points(torch.tensor([[10., 20., 8., 4., math.pi / 2]]))
    assert torch.allclose(points, torch.tensor([[[10., 24.], [8., 20.]]]), atol=1e-5)


def test_outside_the_map_the_border_counts():
    field = torch.tensor([[[1., 0.], [0., 0.]]])
    far = torch.tensor([[-100., -100., 10., 10., 0.3]])
    assert LASA()([field], far, torch.tensor([0]), torch.tensor([0]), (4, )).item() == 1


def test_no_boxes_and_one_cell():
    none = LASA()([torch.rand(1, 3, 3)], torch.zeros(0, 5), torch.zeros(0).long(), torch.zeros(0).long(), (4, ))
    assert none.shape == (0, )
    one = LASA()([torch.full((1, 1, 1), 0.3)], boxes(3), torch.zeros(3).long(), torch.zeros(3).long(), (4, ))
    assert one.tolist() == pytest.approx([0.3] * 3)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="rect9, diamond5, diamond9, diamond13 or a list of points, found 'star'"):
        LASA('star')
    with pytest.raises(ValueError, match="'same' or 'max', found 'sum'"):
        LASA(channel='sum')
    for spread in (0, -0.5):
        with pytest.raises(ValueError, match=f'spread must be above 0, found {spread}'):
            LASA(spread=spread)
    for points in ([], [(0, 0, 0)], [(0, ), (1, )]):
        with pytest.raises(ValueError, match='must have points .x, y., at least one, found'):
            LASA(points)
    with pytest.raises(ValueError, match='raw_weight must be at least 0 and below 1, found 1'):
        LASA(raw_weight=1)
