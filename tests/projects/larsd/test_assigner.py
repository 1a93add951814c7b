"""Assignment against plain loops over images, ships, locations and anchors."""

import math

import pytest
import shapely
import torch
from mmsight.projects.larsd.assigner import ShipAssigner
from mmsight.projects.larsd.coder import ship_frame
from mmsight.projects.larsd.priors import ShipPriors

from mmsight.rotated_iou import corners

ANCHORS = [[(8, 3), (3, 8), (6, 6)], [(20, 6), (6, 20), (14, 14)], [(60, 15), (15, 60), (40, 40)]]


def scene(count, size, seed):
    generator = torch.Generator().manual_seed(seed)
    length = 3 + torch.rand(count, 1, generator=generator)**2 * size
    width = length / (3 + 6 * torch.rand(count, 1, generator=generator))
    angle = (torch.rand(count, 1, generator=generator) - 0.5) * 2 * math.pi
    return torch.cat([torch.rand(count, 2, generator=generator) * size, length, width, angle], dim=1)


def overlap(a, b):
    shared = min(a[0], b[0]) * min(a[1], b[1])
    return shared / (a[0] * a[1] + b[0] * b[1] - shared)


def cells_of(box, height, width, stride, match_small):
    """Cells whose location shapely finds inside a box; of a box that has none, the one that holds its centre."""
    polygon = shapely.polygons(corners(torch.tensor([box]).numpy()))[0]
    cells = [(row, column) for row in range(height) for column in range(width)
             if polygon.covers(shapely.Point((column + .5) * stride, (row + .5) * stride))]
    if not cells and match_small:
        row, column = math.floor(box[1] / stride), math.floor(box[0] / stride)
        cells = [(row, column)] if 0 <= row < height and 0 <= column < width else []
    return cells


def by_loops(boxes, priors, shapes, pos=0.5, neg=0.2, match_best=True, match_small=True, ignored=None):
    """The rule of section II.B.2, one ship, location and anchor at a time."""
    boxes = ship_frame(boxes)
    sizes = [tuple(size) for level in priors.anchors for size in level.tolist()]
    limits = [0, *priors.area_limits, math.inf]
    out = [[0] * (h * w * priors.num_anchors) for h, w in shapes]
    best = {}
    for index, box in enumerate(boxes.tolist()):
        area = box[2] * box[3]
        if priors.anchor_free:
            fits = [float(low <= area < high) for low, high in zip(limits, limits[1:], strict=False)]
        else:
            fits = [overlap(box[2:4], size) for size in sizes]
        forced = fits.index(max(fits)) if match_best and max(fits) <= pos else None
        for level, ((height, width), stride) in enumerate(zip(shapes, priors.strides, strict=True)):
            cells = cells_of(box, height, width, stride, match_small)
            for row, column in cells:
                for anchor in range(priors.num_anchors):
                    number = level * priors.num_anchors + anchor
                    place = (row * width + column) * priors.num_anchors + anchor
                    if fits[number] > pos or number == forced:
                        key = (fits[number], -area)
                        if key > best.get((level, place), (-1, 0)):
                            best[level, place] = key
                            out[level][place] = index + 1
                    elif fits[number] >= neg and out[level][place] == 0:
                        out[level][place] = -1
    for box in [] if ignored is None else ship_frame(ignored).tolist():
        for level, ((height, width), stride) in enumerate(zip(shapes, priors.strides, strict=True)):
            for row, column in cells_of(box, height, width, stride, match_small):
                for anchor in range(priors.num_anchors):
                    place = (row * width + column) * priors.num_anchors + anchor
                    if out[level][place] == 0:
                        out[level][place] = -1
    return torch.tensor(sum(out, []))


@pytest.mark.parametrize('anchors, limits', [(ANCHORS, ()), (None, (60., 300.))], ids=['anchors', 'anchor-free'])
@pytest.mark.parametrize('guards', [(True, True), (False, False), (True, False), (False, True)])
def test_equals_plain_loops(anchors, limits, guards):
    priors = ShipPriors((4, 8, 16), anchors, limits)
    shapes = [(17, 21), (9, 11), (5, 6)]  # odd
    batch = [scene(12, 70, 0), torch.zeros(0, 5), scene(25, 70, 1)]
    match_best, match_small = guards
    found = ShipAssigner(match_best=match_best, match_small=match_small)(batch, priors, shapes)
    for boxes, ours in zip(batch, found, strict=True):
        expected = by_loops(boxes, priors, shapes, match_best=match_best, match_small=match_small)
        assert torch.equal(ours, expected)
    assert (found[1] == 0).all() and (found > 0).any()
    assert (found == -1).any() == (anchors is not None)


@pytest.mark.parametrize('anchors, limits', [(ANCHORS, ()), (None, (60., 300.))], ids=['anchors', 'anchor-free'])
def test_inside_ignored_boxes_nothing_is_background(anchors, limits):
    priors, shapes = ShipPriors((4, 8, 16), anchors, limits), [(17, 21), (9, 11), (5, 6)]
    batch = [scene(12, 70, 0), torch.zeros(0, 5), scene(9, 70, 1)]
    ignored = [scene(6, 70, 2), scene(8, 70, 3), torch.zeros(0, 5)]
    found = ShipAssigner()(batch, priors, shapes, ignored)
    for boxes, others, ours in zip(batch, ignored, found, strict=True):
        assert torch.equal(ours, by_loops(boxes, priors, shapes, ignored=others))
    without = ShipAssigner()(batch, priors, shapes)
    assert torch.equal(found > 0, without > 0)  # no ship loses a location
    assert ((found == -1) & (without == 0))[:2].any(dim=1).all() and torch.equal(found[2], without[2])


def test_rule_on_a_grid_by_hand():
    """A ship of 12x4 at the centre of a 4x4 map of stride 4: IoU 1, 1/3 and 1/9 for three anchors."""
    priors = ShipPriors((4, ), [[(12., 4.), (4., 4.), (4. / 3, 4.)]])
    assigned = ShipAssigner()([torch.tensor([[8., 6., 12., 4., 0.]])], priors, [(4, 4)]).view(4, 4, 3)
    assert assigned[1, :, 0].tolist() == [1, 1, 1, 1]  # x from 2 to 14, both included
    assert assigned[1, :, 1].tolist() == [-1] * 4 and assigned[1, :, 2].tolist() == [0] * 4
    assert (assigned[[0, 2, 3]] == 0).all()


def test_of_two_overlapping_ships_the_better_fit_wins_then_the_smaller():
    priors = ShipPriors((4, ), [[(16., 16.)]])
    exact, loose = [8., 8., 16., 16., 0.], [8., 8., 16., 8., 0.]
    assert (ShipAssigner()([torch.tensor([loose, exact])], priors, [(4, 4)]) == 2).all()
    free = ShipPriors((4, ))
    assert ShipAssigner()([torch.tensor([exact, loose])], free, [(4, 4)]).view(4, 4)[:, 0].tolist() == [1, 2, 2, 1]


def test_guards():
    priors = ShipPriors((16, ), [[(100., 100.)]])
    boxes = [torch.tensor([[20., 20., 3., 3., 0.]])]
    assert (ShipAssigner()(boxes, priors, [(4, 4)]) == 1).nonzero().tolist() == [[0, 5]]
    for off in (dict(match_best=False), dict(match_small=False)):
        assert (ShipAssigner(**off)(boxes, priors, [(4, 4)]) == 0).all()
    beside = [torch.tensor([[-9., 20., 3., 3., 0.]])]
    assert (ShipAssigner()(beside, priors, [(4, 4)]) == 0).all()
