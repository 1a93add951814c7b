"""Tiles cover a scene, and what is found at seams becomes one ship."""

import math

import numpy as np
import pytest
from mmcv.ops import box_iou_rotated
from torch import from_numpy

from mmsight.apis.tiles import Tile, cut_by_tile, merge, network_begin, plan_sizes, plan_tiles, resample
from mmsight.errors import InputError
from mmsight.rotated_iou import corners


@pytest.mark.parametrize('seed', range(20))
def test_cores_share_the_scene_and_tiles_overlap(seed):
    rng = np.random.default_rng(seed)
    width, height, tile = (int(value) for value in (*rng.integers(30, 900, 2), rng.integers(64, 300)))
    overlap = int(rng.integers(0, tile // 2))
    grid = min(float(rng.choice([1, 32, 62.5])), tile - overlap)
    offset = tuple(int(value) for value in rng.integers(0, tile - overlap, 2))
    tiles = plan_tiles(width, height, tile, overlap, grid, offset)
    owners = np.zeros((height, width), int)
    y, x = np.mgrid[:height, :width] + 0.5
    for item in tiles:
        left, top, right, bottom = item.core
        owners += (x >= left) & (x < right) & (y >= top) & (y < bottom)
        assert item.x + item.width <= width and item.y + item.height <= height and item.width <= tile
        assert abs(item.x / grid - round(item.x / grid)) * grid < 0.501
        # a core keeps half the overlap away from its tile's inner edges
        assert left - item.x >= (overlap // 2 if item.x else 0)
        assert item.x + item.width - right >= (overlap // 2 if item.x + item.width < width else 0)
    assert len(tiles) == 1 or min(item.width for item in tiles) > min(tile - grid, width - 1)
    ends = sorted({(item.x, item.x + item.width) for item in tiles})
    assert all(end - begin >= overlap - 1 for (_, end), (begin, _) in zip(ends, ends[1:], strict=False))  # a half is rounded
    assert (owners == 1).all()


def test_a_grid_too_coarse_for_the_overlap_is_refused():
    for tile, overlap, enough in ((100, 95, 127), (40, 39, 71), (20, 5, 37)):
        with pytest.raises(InputError, match=f'multiples of 32 pixels; use tiles of at least {enough}$'):
            plan_tiles(500, 90, tile, overlap, 32)
        assert len(plan_tiles(tile, tile, tile, overlap, 32)) == 1  # one tile needs no neighbour
        assert plan_tiles(500, 90, enough, overlap, 32)


def test_the_number_of_tiles_is_bounded():
    with pytest.raises(InputError, match='200000 x 200000 pixels take 39.* tiles of 64, and 1048576 are allowed: raise --tile'):
        plan_tiles(200_000, 200_000, 64, 32)
    assert len(plan_tiles(200_000, 200_000, 2048, 512)) == 130**2


def test_an_offset_that_leaves_pixels_out_is_refused():
    for offset in ((101, 0), (0, 101), (-1, 0), (0, 300)):
        with pytest.raises(InputError, match=r'tiles of 128 pixels that overlap by 28 take offsets from 0 to 100, found'):
            plan_tiles(500, 500, 128, 28, offset=offset)
    assert [tile.x for tile in plan_tiles(500, 1, 128, 28, offset=(90, 0))] == [0, 90, 190, 290, 372]


@pytest.mark.parametrize('length', [129, 500, 999, 1777, 5000])
def test_tiles_of_a_row_are_as_small_as_their_number_allows(length):
    step = 7
    tiles = plan_tiles(length, 1, 128, 28, step)
    side = tiles[0].width
    assert len(tiles) == math.ceil((length - 128) / (100 // step * step)) + 1
    assert {tile.width for tile in tiles[:-1]} == {side} and side - step < tiles[-1].width <= side <= 128
    smaller = range(28 + step, side - step)  # the places of the grid round the side up by less than a step
    assert all(len(plan_tiles(length, 1, other, 28, step)) > len(tiles) for other in smaller)


def test_neighbours_sample_the_scene_at_the_same_places():
    scene = np.random.default_rng(0).integers(0, 256, (1, 700, 1), dtype=np.uint8)
    for scale in (1.024, 0.7, 2.0, 1.5):
        whole = resample(scene, Tile(0, 0, 700, 1, (0, 0, 700, 1)), scale)[0]
        expected = np.interp((np.arange(round(700 * scale)) + 0.5) / scale - 0.5, np.arange(700), scene[0, :, 0].astype(float))
        assert np.abs(whole[:, 0] - expected).max() <= 0.51
        for tile in plan_tiles(700, 1, 300, 100, 32 / scale):
            part = resample(scene[:, tile.x:tile.x + tile.width], tile, scale)[0]
            begin = network_begin(tile.x, scale)
            assert begin % 32 == 0 and abs(begin / scale - tile.x) <= 0.5
            inner = slice(2, len(part) - 2)  # at its ends a tile has no neighbouring pixel
            assert (part[inner] == whole[begin:begin + len(part)][inner]).all()


def test_sizes_of_tiles_whose_network_pools_over_windows():
    assert plan_sizes(10.0, 512, window=500) == (1974, 564)
    assert plan_sizes(0.5, 512, window=500) == (3150, 900)
    assert plan_sizes(None, 512, window=500) == (1974, 564)
    assert plan_sizes(None, 512, tile=1024, window=500) == (1024, 512)


def test_sizes():
    assert plan_sizes(None, 1024) == (1024, 256)
    assert plan_sizes(10.0, 1024) == (1024, 64)
    assert plan_sizes(1.0, 1024) == (1024, 450)
    assert plan_sizes(0.5, 1024) == (1800, 900)
    assert plan_sizes(0.5, 1024, tile=512) == (512, 256)
    assert plan_sizes(0.05, 512) == (2048, 1024)  # not 18000, with room for 450 m
    assert plan_sizes(1e-9, 512) == (2048, 1024)
    assert plan_sizes(None, 1024, overlap=30) == (1024, 30)
    with pytest.raises(InputError, match='overlap of 64 pixels must be at least 0 and less than the tile of 64'):
        plan_sizes(None, 1024, 64, 64)


def merged(rows, **options):
    rows = np.array(rows, float)
    labels, tiles = rows[:, 6].astype(int), rows[:, 7].astype(int)
    cut, outside = rows[:, 8].astype(bool), rows[:, 9:].astype(bool).any(axis=1)
    return merge(rows[:, :5], rows[:, 5], labels, tiles, cut, outside, **options).tolist()


def test_merge():
    one, moved, far = [50, 50, 40, 10, 0.3], [51, 50, 40, 10, 0.32], [90, 50, 40, 10, 0.3]
    crossing = [50, 50, 40, 10, 0.3 + np.pi / 2]  # their upright extents are the same, their oriented overlap is small
    assert merged([[*one, .9, 0, 0, 0], [*moved, .8, 0, 1, 0], [*far, .7, 0, 1, 0]]) == [0, 2]
    assert merged([[*one, .8, 0, 0, 0], [*moved, .9, 0, 1, 0]]) == [1]
    assert merged([[*one, .8, 0, 0, 0], [*moved, .9, 0, 1, 1]]) == [0]  # the higher score is cut
    assert merged([[*one, .8, 0, 0, 0, 0], [*moved, .9, 0, 1, 0, 1]]) == [0]  # the higher score lies outside its tile's core
    assert merged([[*one, .8, 0, 0, 0, 1], [*moved, .9, 0, 1, 0, 1]]) == [1]  # each tile places it in the other's core
    assert merged([[*one, .8, 0, 0, 0, 1], [*moved, .9, 0, 1, 1, 0]]) == [0]  # a whole ship is better than a part in the core
    assert merged([[*one, .9, 0, 0, 0], [*moved, .8, 0, 0, 0]]) == [0, 1]  # of one tile
    assert merged([[*one, .9, 0, 0, 0], [*moved, .8, 1, 1, 0]]) == [0, 1]  # of two classes
    assert merged([[*one, .9, 0, 0, 0], [*crossing, .8, 0, 1, 0]]) == [0, 1]
    half = [60, 53, 10, 10, 0.3]
    assert merged([[*one, .7, 0, 0, 0], [*half, .9, 0, 1, 1]]) == [0]  # a part, cut by its tile
    assert merged([[*one, .7, 0, 0, 0], [*half, .9, 0, 1, 0]]) == [0, 1]
    assert merge(np.zeros((0, 5)), *[np.zeros(0)] * 5).tolist() == []


def test_merge_is_the_plain_loop():
    rng = np.random.default_rng(0)
    n = 300
    boxes = np.stack([*rng.uniform(0, 300, (2, n)), *rng.uniform(5, 60, (2, n)), rng.uniform(-2, 2, n)], axis=1)
    scores, tiles = rng.random(n), rng.integers(0, 4, n)
    kept = []
    overlaps = box_iou_rotated(from_numpy(boxes).float(), from_numpy(boxes).float()).numpy()
    for i in np.argsort(-scores):
        if not any(tiles[i] != tiles[j] and overlaps[i, j] > 0.3 for j in kept):
            kept.append(i)
    assert merge(boxes, scores, np.zeros(n, int), tiles, *np.zeros((2, n), bool)).tolist() == sorted(kept)


def test_cut_by_tile():
    left, right = plan_tiles(200, 100, 128, 32)
    boxes = np.array([[126, 50, 10, 4, 0], [20, 50, 40, 4, 0], [110, 50, 6, 40, 0], [100, 50, 60, 4, np.pi / 2]])
    assert cut_by_tile(boxes, left, 200, 100).tolist() == [True, False, False, False]
    assert cut_by_tile(boxes, right, 200, 100).tolist() == [False, True, False, False]


def test_corners():
    np.testing.assert_allclose(corners(np.array([[10, 20, 4, 2, 0], [0, 0, 4, 2, np.pi / 2]])), [
        [[8, 19], [12, 19], [12, 21], [8, 21]], [[1, -2], [1, 2], [-1, 2], [-1, -2]]], atol=1e-12)
