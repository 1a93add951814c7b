"""Where ships cannot be: land, from a GeoJSON file or a raster, with a strip of shore."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.errors import WindowError
from rasterio.windows import Window

from mmsight.apis.scene import Georeference, Scene
from mmsight.errors import InputError
from mmsight.files import RASTERS
from mmsight.json_files import read_json
from mmsight.rasters import KIND, open_raster, raster_options
from mmsight.reading import reading


def on_land(path: Path, scene: Scene, points: np.ndarray, buffer: float = 0.0) -> np.ndarray:
    """Which points lie on land, or within ``buffer`` metres of it.

    Args:
        path (Path): GeoJSON (longitude and latitude on WGS84) of polygons, or a raster whose pixels other than 0 and nodata are
            land.
        scene (Scene): What the points belong to.
        points (np.ndarray): (N, 2), x and y in pixels of the scene.
        buffer (float): Metres.

    Returns:
        np.ndarray: Bool (N, ).

    Raises:
        InputError: If the mask cannot be read, or the scene is not georeferenced.
    """
    if scene.georeference is None:
        raise InputError(f'{scene.path}: a land mask needs a georeferenced scene')
    if buffer < 0:
        raise InputError(f'the buffer of the land mask must not be negative, found {buffer} m')
    if not path.is_file():
        raise InputError(f'{path}: the land mask does not exist')
    if not len(points):
        return np.zeros(0, bool)
    test = _raster if path.suffix.lower() in RASTERS else _polygons
    return test(path, scene, points, buffer)


def _polygons(path: Path, scene: Scene, points: np.ndarray, buffer: float) -> np.ndarray:
    """In a plane of metres along the rows and columns of the scene."""
    assert scene.georeference is not None
    content = read_json(path)
    with reading(path, 'GeoJSON'):
        shapes = [shapely.from_geojson(json.dumps(part)) for part in _geometries(content)]
    size = scene.georeference.pixel_size(scene.width / 2, scene.height / 2)
    to_pixels = scene.georeference.to_pixels
    shapes = [shapely.make_valid(shapely.transform(shape, lambda lonlat: to_pixels(lonlat) * size)) for shape in shapes]
    found = np.zeros(len(points), bool)
    if shapes and len(points):
        places = shapely.points(points * size)
        found[shapely.STRtree(shapes).query(places, predicate='dwithin', distance=buffer)[0]] = True
    return found


def _geometries(content: Any) -> list[dict]:
    try:
        if content['type'] == 'FeatureCollection':
            return [feature['geometry'] for feature in content['features'] if feature['geometry']]
        return [content['geometry']] if content['type'] == 'Feature' else [content]
    except (LookupError, TypeError) as error:
        raise ValueError(f'a feature has no {error}' if isinstance(error, KeyError) else 'it holds no features') from error


def _raster(path: Path, scene: Scene, points: np.ndarray, buffer: float) -> np.ndarray:
    """Around each point a window of the mask, in metres by the mask's own pixels."""
    assert scene.georeference is not None
    with open_raster(path) as mask, reading(path, KIND), raster_options():
        if mask.crs is None:
            raise InputError(f'{path}: the land mask has no coordinate reference system')
        places = Georeference(mask.transform, mask.crs).to_pixels(scene.georeference.to_lonlat(points))
        return np.array([_near(mask, column, row, buffer) for column, row in places], bool)


def _near(mask: rasterio.DatasetReader, column: float, row: float, buffer: float) -> bool:
    """Whether land lies within ``buffer`` metres of a place in the mask."""
    across, down = Georeference(mask.transform, mask.crs).pixel_size(column, row)
    reach = int(np.ceil(buffer / across)), int(np.ceil(buffer / down))
    window = Window(int(column) - reach[0], int(row) - reach[1], 2 * reach[0] + 1, 2 * reach[1] + 1)
    try:
        window = window.intersection(Window(0, 0, mask.width, mask.height))
    except WindowError:
        return False
    land = (mask.read(1, window=window) != 0) & (mask.read_masks(1, window=window) > 0)
    ys, xs = np.nonzero(land)
    # distance to the nearest point of each pixel
    dx = np.abs(xs + window.col_off + 0.5 - column) - 0.5
    dy = np.abs(ys + window.row_off + 0.5 - row) - 0.5
    return bool((np.hypot(dx.clip(0) * across, dy.clip(0) * down) <= buffer).any())
