"""The scene as a cloud-optimised GeoTIFF of 8 bits, for a map below its ships."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
import rasterio.shutil

from mmsight.apis.georeference import DEGREE, WGS84, Georeference, Place, wrap
from mmsight.apis.scene import Scene
from mmsight.files import complete_file
from mmsight.rasters import raster_options

SIDE = 4096
"""Pixels of the longer side, at most."""
NODES = 33
"""Points along each side of an image at which its places are computed; between them they are interpolated."""


def write_cog(scene: Scene, path: Path) -> None:
    """Write the scene, reduced, with transparency where there are no data.

    An affine transform is kept. Where control points or a sensor's model say where pixels lie, which maps seldom follow, the
    scene is turned north up, in longitude and latitude.

    Raises:
        OutputError: If it cannot be written.
    """
    picture, valid = scene.reduced(SIDE)
    layers = np.concatenate([picture, np.where(valid, 255, 0).astype(np.uint8)[..., None]], axis=2)
    place = scene.georeference
    where: dict[str, Any] = {}
    if isinstance(place, Georeference):
        scale = rasterio.Affine.scale(scene.width / layers.shape[1], scene.height / layers.shape[0])
        where = dict(crs=place.crs, transform=place.transform @ scale)
    elif place is not None:
        layers, transform = _north_up(layers, place, (scene.width, scene.height))
        where = dict(crs=WGS84, transform=transform)
    bands = layers.transpose(2, 0, 1)
    with complete_file(path) as scratch, raster_options(), rasterio.MemoryFile() as memory:
        with memory.open(driver='GTiff', count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype='uint8', **where,
                         photometric='MINISBLACK' if len(bands) == 2 else 'RGB', alpha='YES') as file:
            file.write(bands)
        with memory.open() as file:
            rasterio.shutil.copy(file, scratch, driver='COG', COMPRESS='DEFLATE', OVERVIEW_RESAMPLING='AVERAGE')


def _north_up(image: np.ndarray, place: Place, size: tuple[int, int]) -> tuple[np.ndarray, rasterio.Affine]:
    """An image of a scene of ``size`` (w, h) resampled to a grid of longitude and latitude, and the transform of that."""
    width, height = size
    centre = place.to_lonlat(np.array([[width / 2, height / 2]]))[0, 0]

    def locate(points: np.ndarray) -> np.ndarray:
        found = place.to_lonlat(points.reshape(-1, 2)).reshape(points.shape)
        found[..., 0] = wrap(found[..., 0], centre)  # no jump at the antimeridian
        return found

    nodes = np.stack(np.meshgrid(np.linspace(0, width, NODES), np.linspace(0, height, NODES)), axis=-1)
    places = locate(nodes)
    low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
    metres = DEGREE * np.array([max(np.cos(np.radians((low[1] + high[1]) / 2)), 0.01), 1])
    step = max(float(((high - low) * metres).max()) / SIDE, float(np.hypot(*((places[-1, -1] - places[0, 0]) * metres)))
               / float(np.hypot(*image.shape[:2]))) / metres
    columns, rows = np.ceil((high - low) / step).astype(int).tolist()
    wanted = np.stack(np.meshgrid(low[0] + step[0] * np.linspace(0, columns, NODES),
                                  high[1] - step[1] * np.linspace(0, rows, NODES)), axis=-1)
    # from an affine guess by Newton's method with the slope of that guess
    design = np.column_stack([places.reshape(-1, 2), np.ones(NODES**2)])
    slope = np.linalg.lstsq(design, nodes.reshape(-1, 2), rcond=None)[0]
    pixels = wanted @ slope[:2] + slope[2]
    for _ in range(10):
        pixels = pixels + (wanted - locate(pixels)) @ slope[:2]
    spread = [_interpolation(rows), _interpolation(columns)]
    x, y = ((spread[0] @ pixels[..., axis] @ spread[1].T * (image.shape[1 - axis] / size[axis]) - 0.5).astype(np.float32)
            for axis in (0, 1))
    moved = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
    return moved, rasterio.Affine(step[0], 0, low[0], 0, -step[1], high[1])


def _interpolation(count: int) -> np.ndarray:
    """Weights (count, NODES) of the nodes, linear between them, at the centres of pixels along a side."""
    at = (np.arange(count) + 0.5) / count * (NODES - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(NODES)), 0)
