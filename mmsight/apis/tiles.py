"""Cover a scene with overlapping tiles, and make one set of boxes of what they found."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
import torch
from mmcv.ops import box_iou_rotated

from mmsight.errors import InputError
from mmsight.rotated_iou import corners

STRIDE = 32
"""Network pixels to whose multiples tiles begin: the coarsest stride of the usual backbones."""
LONGEST_SHIP = 450.0
"""Metres: the longest ships afloat are 400 m; what is longer may be cut at a seam."""
WIDEST = 2
"""Usual tiles that the widest planned overlap takes: a tile is 2 or 3.5 times as wide, and memory grows with its square."""
MOST_TILES = 2**20
"""Tiles that a scene may take."""
REACH = 64
"""Pixels that the convolutions of a network see around a ship, in effect."""


@dataclass(frozen=True)
class Tile:
    """A window of a scene in pixels, and its core: each pixel of the scene is in the core of exactly one tile."""

    x: int
    y: int
    width: int
    height: int
    core: tuple[float, float, float, float]


def plan_sizes(gsd: float | None, usual: int, tile: int | None = None, overlap: int | None = None,
               window: int = 0) -> tuple[int, int]:
    """Side of a tile and overlap of neighbours, in pixels of the scene; what is given stays.

    The overlap has room for the longest ship where the size of a pixel is known, and at least the 64 pixels that the network
    sees around a ship; else it is a quarter of a tile. A tile is at least twice as large. For a network that pools over
    windows, the overlap has room for a window too, so that a ship at a seam has its whole window in either tile; a tile is then
    at least 3.5 times as large, as the overlap is computed twice: with 3, large scenes take a sixth more. An overlap is at
    most :data:`WIDEST` usual tiles wide: on images so fine that ships do not fit, those that are cut are told.

    Args:
        gsd (float, optional): Metres a pixel.
        usual (int): Side of a tile where neither the user nor the longest ship asks for another.
        tile (int, optional), overlap (int, optional): What the user asks for.
        window (int): Side of the window; see :mod:`mmsight.models.local_statistics`. 0: the network pools over none.

    Raises:
        InputError: If the overlap is not less than the tile.
    """
    if overlap is None:
        wanted = (tile or usual) / 4 if gsd is None else max(float(REACH), LONGEST_SHIP / gsd)
        if window:
            wanted = max(wanted, window + REACH)
        overlap = round(min(wanted, tile / 2 if tile else WIDEST * usual))
    tile = tile or max(usual, round((3.5 if window else 2) * overlap))
    if not 0 <= overlap < tile:
        raise InputError(f'the overlap of {overlap} pixels must be at least 0 and less than the tile of {tile}')
    return tile, overlap


def plan_tiles(width: int, height: int, tile: int, overlap: int, grid: float = 1.0,
               offset: tuple[int, int] = (0, 0)) -> list[Tile]:
    """Cover ``width`` x ``height`` pixels, row by row.

    Args:
        width (int), height (int): Of the scene.
        tile (int): Largest side of a tile. All of a row or column have one side, the least with which no more tiles are
            needed; the last is smaller by less than ``grid``, and overlaps more.
        overlap (int): Least pixels that neighbours share.
        grid (float): Tiles begin at multiples of this: the network's stride, so that a ship falls into the same cells in
            whatever tile it is seen.
        offset (tuple[int, int]): Where the second tile of each row and column begins, all having the largest side: not beyond
            ``tile - overlap``, so that no pixels are left out. 0 leaves the place to the plan.

    Returns:
        list[Tile]: At least one.

    Raises:
        InputError: If it takes several tiles, and the next multiple of ``grid`` leaves neighbours less than the overlap; or if
            it takes more than :data:`MOST_TILES`.
    """
    if max(width, height) > tile and tile - overlap < grid:
        raise InputError(f'tiles of {tile} pixels cannot overlap by {overlap}: they begin at multiples of {grid:g} pixels; use '
                         f'tiles of at least {math.ceil(overlap + grid)}')
    if max(offset) > tile - overlap or min(offset) < 0:
        raise InputError(f'tiles of {tile} pixels that overlap by {overlap} take offsets from 0 to {tile - overlap}, '
                         f'found {offset}')
    step = max(math.floor((tile - overlap) / grid) * grid, 1)
    if (count := math.prod(math.ceil(max(side - tile, 0) / step) + 1 for side in (width, height))) > MOST_TILES:
        raise InputError(f'{width} x {height} pixels take {count} tiles of {tile}, and {MOST_TILES} are allowed: raise --tile')
    spans = [_spans(length, tile, overlap, grid, start) for length, start in ((width, offset[0]), (height, offset[1]))]
    return [Tile(x, y, x1 - x, y1 - y, (left, top, right, bottom))
            for y, y1, top, bottom in spans[1] for x, x1, left, right in spans[0]]


def _spans(length: int, tile: int, overlap: int, grid: float, offset: int) -> list[tuple[int, int, float, float]]:
    """Begin, end, and begin and end of the core, of each tile along an axis."""
    step = math.floor((tile - overlap) / grid) * grid
    if not offset and step:  # the least side with which as many tiles cover the axis: what is left over would be computed twice
        count = math.ceil(max(length - tile, 0) / step) + 1
        step = min(step, math.ceil((length - overlap) / count / grid) * grid)
        tile = min(tile, math.ceil(max(step + overlap, length - (count - 1) * step)))
    begins = [0]
    position = offset // grid * grid or step
    while begins[-1] + tile < length:
        begins.append(round(position))
        position += step
    if len(begins) > 1:  # no thin tile at the end, which would see little around its ships
        begins[-1] = min(begins[-1], round(math.ceil((length - tile) / grid) * grid))
    ends = [min(begin + tile, length) for begin in begins]
    seams = [0, *((begin + end) / 2 for begin, end in zip(begins[1:], ends[:-1], strict=True)), length]
    return list(zip(begins, ends, seams[:-1], seams[1:], strict=True))


def network_begin(begin: int, scale: float) -> int:
    """Where a tile begins in the enlarged scene: the multiple of the stride that :func:`plan_tiles` has rounded to a pixel."""
    return round(begin * scale / STRIDE) * STRIDE


def resample(image: np.ndarray, tile: Tile, scale: float) -> np.ndarray:
    """Enlarge a tile (H, W, C) by ``scale``, bilinearly, on the pixel grid of the enlarged scene.

    Neighbours sample the scene at the same places, which ``cv2.resize`` would place by the size of each tile.
    """
    (top, bottom, down), (left, right, across) = (
        _neighbours(length, begin, scale) for length, begin in zip(image.shape[:2], (tile.y, tile.x), strict=True))
    down, across = down.reshape(-1, 1, 1), across.reshape(-1, 1)
    enlarged = np.empty((len(top), len(left), image.shape[2]), np.uint8)
    for first in range(0, len(top), 64):  # temporary arrays of a few rows stay in the cache: twice as fast as whole ones
        rows = slice(first, first + 64)
        part = image[top[rows]] * (1 - down[rows]) + image[bottom[rows]] * down[rows]
        enlarged[rows] = (part.take(left, 1) * (1 - across) + part.take(right, 1) * across).round()
    return enlarged


def _neighbours(length: int, begin: int, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two pixels between which each pixel of the enlarged tile lies along an axis, and the share of the second."""
    first = network_begin(begin, scale)
    pixels = np.arange(first, max(first + 1, round((begin + length) * scale)))
    places = ((pixels + 0.5) / scale - 0.5 - begin).clip(0, length - 1)
    low = places.astype(int)
    return low, (low + 1).clip(max=length - 1), (places - low).astype(np.float32)


def slack(tile: Tile) -> float:
    """Pixels by which a tile keeps boxes beyond its core, where a neighbour may have placed them a little differently.

    Of two that find a ship, :func:`merge` keeps that of the core.
    """
    left, top, right, bottom = tile.core
    return max(left - tile.x, top - tile.y, tile.x + tile.width - right, tile.y + tile.height - bottom) / 4


def in_core(boxes: np.ndarray, tile: Tile, margin: float = 0) -> np.ndarray:
    """Which boxes (N, 5) have their centre in a tile's core, widened by ``margin`` pixels: bool (N, )."""
    left, top, right, bottom = tile.core
    x, y = boxes[:, 0], boxes[:, 1]
    return (x >= left - margin) & (x < right + margin) & (y >= top - margin) & (y < bottom + margin)


def cut_by_tile(boxes: np.ndarray, tile: Tile, width: int, height: int, margin: float = 2.0) -> np.ndarray:
    """Which boxes (N, 5) reach the edge of their tile where the scene continues: bool (N, )."""
    points = corners(boxes)
    low, high = points.min(axis=1), points.max(axis=1)
    return (((low[:, 0] < tile.x + margin) & (tile.x > 0)) | ((low[:, 1] < tile.y + margin) & (tile.y > 0)) |
            ((high[:, 0] > tile.x + tile.width - margin) & (tile.x + tile.width < width)) |
            ((high[:, 1] > tile.y + tile.height - margin) & (tile.y + tile.height < height)))


def merge(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, tiles: np.ndarray, cut: np.ndarray, outside: np.ndarray,
          iou: float = 0.3) -> np.ndarray:
    """Drop what a second tile has found again.

    Boxes of one tile are never compared: its own suppression is the model's. Of two boxes of one class and different tiles
    that overlap by more than ``iou`` (oriented), the one that is not cut by its tile stays, else the one in the core of its
    tile, else the one with the higher score; a cut box that lies in another by more than 70 % of the smaller goes too. The core
    comes before the score because a tile sees less around a box near its edge, and a score that is too high would win.

    Args:
        boxes (np.ndarray): (N, 5), see :func:`mmsight.rotated_iou.corners`.
        scores (np.ndarray), labels (np.ndarray): (N, ).
        tiles (np.ndarray): Number of the tile that each box comes from (N, ).
        cut (np.ndarray): See :func:`cut_by_tile` (N, ).
        outside (np.ndarray): Which boxes are not :func:`in_core` of their tile (N, ).

    Returns:
        np.ndarray: Indices of the boxes that stay, rising.
    """
    if not len(boxes):
        return np.zeros(0, int)
    # best first: whole, in the core, of high score; ties by position, so that the order of the tiles does not matter
    order = np.lexsort((boxes[:, 1], boxes[:, 0], -scores, outside, cut))
    polygons = shapely.polygons(corners(boxes[order]))
    first, second = shapely.STRtree(polygons).query(polygons)
    compared = first < second
    compared &= (tiles[order][first] != tiles[order][second]) & (labels[order][first] == labels[order][second])
    first, second = first[compared], second[compared]
    if not len(first):
        return np.arange(len(boxes))
    sides = [torch.from_numpy(boxes[order][side]).float() for side in (first, second)]
    overlap = box_iou_rotated(*sides, aligned=True).double().numpy()
    area = boxes[order][:, 2] * boxes[order][:, 3]
    shared = overlap * (area[first] + area[second]) / (1 + overlap)
    inside = shared > 0.7 * np.minimum(area[first], area[second])
    same = (overlap > iou) | (inside & cut[order][second])
    keep = np.ones(len(boxes), bool)
    # only boxes at seams come in pairs; i rises, so that each is decided before it decides
    for i, j in sorted(zip(first[same].tolist(), second[same].tolist(), strict=True)):
        if keep[i]:
            keep[j] = False
    return np.sort(order[keep])
