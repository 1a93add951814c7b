"""Large images in overlapping tiles: where they lie, and which ships belong to each."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely

from mmsight import images
from mmsight.box_dataset import check_size
from mmsight.errors import InputError
from mmsight.pictures import read_image
from mmsight.rotated_iou import corners


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along a side of ``length`` pixels: steps of tile - overlap, the last one ends with the image.

    Neighbours share at least ``overlap`` pixels; an image shorter than ``tile`` is one tile.

    Raises:
        InputError: Unless 0 <= overlap < tile.
    """
    if not 0 <= overlap < tile:
        raise InputError(f'the overlap of tiles must be at least 0 and less than the tile, found tile {tile} and '
                         f'overlap {overlap}')
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def tile_windows(width: int, height: int, tile: int, overlap: int) -> np.ndarray:
    """Windows (n, 4), x1, y1, x2, y2, of all tiles of an image, row by row."""
    return np.array([(x, y, min(x + tile, width), min(y + tile, height)) for y in tile_starts(height, tile, overlap)
                     for x in tile_starts(width, tile, overlap)])


def visible_shares(boxes: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Share (n, ) of the area of each rotated box (n, 5) that lies in a window x1, y1, x2, y2."""
    polygons = shapely.polygons(corners(boxes))
    return shapely.area(shapely.intersection(polygons, shapely.box(*map(float, window)))) / shapely.area(polygons)


def ships_of_tile(boxes: np.ndarray, window: np.ndarray, least: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ships that a tile shows. All keep their whole box, moved into the tile, also where the border cuts them.

    A ship of which less than ``least`` can be seen is shown, but nobody could draw its box: training must neither learn it
    nor learn that it is background.

    Args:
        boxes (np.ndarray): (n, 5), of the whole image.
        window (np.ndarray): x1, y1, x2, y2 of the tile.
        least (float): Least visible share of the area of a ship to learn.

    Returns:
        tuple: Their indices (k, ), boxes (k, 5) relative to the tile, and bool (k, ), too little is seen.
    """
    shares = visible_shares(boxes, window)
    index = np.flatnonzero(shares > 0)
    moved = np.asarray(boxes, dtype=float).reshape(-1, 5)[index] - (*window[:2], 0, 0, 0)
    return index, moved, shares[index] < least


def tiles_of_image(entry: dict, classes: Sequence[str], tile: int, overlap: int,
                   least: float = 0.5) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Tiles of an image with their ships in DOTA's format.

    Args:
        entry (dict): Of a :class:`mmsight.box_dataset.BoxDataset`.
        classes (Sequence[str]): Names of the labels.
        tile (int): Side of the tiles in pixels.
        overlap (int): Least overlap of neighbours.
        least (float): See :func:`ships_of_tile`.

    Yields:
        tuple: Name ``<image>__<x>__<y>``, pixels, and lines ``x1 y1 ... y4 class difficult``. The difficulty is 2 for ships
        of which too little is seen and for those that the source ignores, else 0.
    """
    shape, read = _open(Path(entry['img_path']))
    check_size(entry, shape)
    instances = entry['instances']
    boxes = np.array([item['bbox'] for item in instances], dtype=float).reshape(-1, 5)
    for window in tile_windows(shape[1], shape[0], tile, overlap):
        x1, y1, x2, y2 = window.tolist()
        lines = []
        for index, box, cut in zip(*ships_of_tile(boxes, window, least), strict=True):
            points = ' '.join(f'{value:.5f}' for value in corners(box).ravel())
            item = instances[index]
            lines.append(f"{points} {classes[item['bbox_label']]} {2 if cut or item['ignore_flag'] else 0}")
        yield f"{Path(entry['img_path']).stem}__{x1}__{y1}", read(x1, y1, x2, y2), lines


def _open(path: Path) -> tuple[tuple[int, ...], Callable[[int, int, int, int], np.ndarray]]:
    """Shape of an image, and what reads a part of it: from memory, or window by window where it cannot be decoded at once."""
    if images.count_pixels(path) <= images.MOST_PIXELS:
        image = read_image(path)
        return image.shape, lambda x1, y1, x2, y2: image[y1:y2, x1:x2]
    from mmsight.raster_values import Raster  # GDAL is needed for these alone
    raster = Raster(path)
    # cv2's order, blue first
    return (raster.height, raster.width), lambda x1, y1, x2, y2: raster.read(x1, y1, x2 - x1, y2 - y1)[0].transpose(1, 2, 0)[
        ..., ::-1]
