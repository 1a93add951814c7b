"""Where ships cannot be: land, from a file of shapes, a raster or the coasts of the world, with a strip of shore."""

from pathlib import Path

import numpy as np
import rasterio
import shapely
import shapely.affinity
from rasterio.errors import WindowError
from rasterio.windows import Window

from mmsight.apis.georeference import DEGREE, Georeference, locate, metres_between, pixel_size, wrap
from mmsight.apis.land_shapes import read_shapes, world_coasts
from mmsight.apis.scene import Scene
from mmsight.errors import InputError
from mmsight.rasters import KIND, is_raster, open_raster, raster_options
from mmsight.reading import check_regular, reading

AUTO = 'auto'
"""In place of a file: the coasts of the world."""


class LandMask:
    """Land around a scene.

    Shapes are brought to longitude and latitude, where edges of GeoJSON are straight, are clipped to what is near the ships,
    made valid there, and measured in metres around each ship: so land of the whole world does for any scene.

    Args:
        path (Path): A file of polygons, see :func:`mmsight.apis.land_shapes.read_shapes`; a raster whose pixels other than 0
            and nodata are land; or :data:`AUTO`.
        scene (Scene): What points belong to.
        buffer (float): Metres around land that count as land.

    Raises:
        InputError: If the mask cannot be read, or the scene is not georeferenced.
    """

    def __init__(self, path: Path, scene: Scene, buffer: float = 0.0) -> None:
        self.path, self.scene, self.buffer = path, scene, buffer
        if scene.georeference is None:
            raise InputError(f'{scene.path}: a land mask needs a georeferenced scene')
        if not 0 <= buffer < float('inf'):
            raise InputError(f'the buffer of the land mask must not be negative, found {buffer} m')
        self._raster = False
        if str(path) == AUTO:
            self._shapes = world_coasts()
            return
        if not path.exists():
            raise InputError(f'{path}: the land mask does not exist')
        check_regular(path)
        with reading(path, 'a land mask'), path.open('rb') as file:
            self._raster = is_raster(file.read(12))
        if self._raster:
            with open_raster(path) as mask:
                _grid(path, mask)
        else:
            self._shapes = read_shapes(path, path.stat().st_mtime_ns)

    def covers(self, points: np.ndarray) -> np.ndarray:
        """Which points (N, 2), x and y in pixels of the scene, lie on land or within ``buffer`` metres of it: bool (N, )."""
        assert self.scene.georeference is not None
        found = np.zeros(len(points), bool)
        lonlat = self.scene.georeference.to_lonlat(points) if len(points) else np.zeros((0, 2))
        known = np.isfinite(lonlat).all(axis=1)
        if known.any():
            found[known] = (self._in_raster if self._raster else self._in_shapes)(lonlat[known])
        return found

    def _in_shapes(self, lonlat: np.ndarray) -> np.ndarray:
        centre = np.degrees(np.angle(np.exp(1j * np.radians(lonlat[:, 0])).mean()))
        lonlat = np.stack([wrap(lonlat[:, 0], centre), lonlat[:, 1]], axis=1)
        reach = np.stack(self._reach(lonlat[:, 1]), axis=1)
        low, high = (lonlat - reach).min(axis=0), (lonlat + reach).max(axis=0)
        near = _clip(self._shapes, low, high)
        if not near:
            return np.zeros(len(lonlat), bool)
        tree, places = shapely.STRtree(near), shapely.points(lonlat)
        found = np.zeros(len(lonlat), bool)
        found[tree.query(places, predicate='intersects')[0]] = True
        if self.buffer:
            boxes = shapely.box(*(lonlat - reach).T, *(lonlat + reach).T)
            for index, shape in tree.query(boxes, predicate='intersects').T:
                if not found[index]:
                    found[index] = self._within(near[shape], lonlat[index], reach[index])
        return found

    def _reach(self, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Degrees of longitude and of latitude within which ``buffer`` metres lie."""
        up = np.full(len(latitude), 1.01 * self.buffer / DEGREE + 1e-9)
        farthest = np.minimum(np.abs(latitude) + up, 90)
        return np.minimum(up / np.maximum(np.cos(np.radians(farthest)), 1e-9), 180), up

    def _within(self, shape: shapely.Geometry, place: np.ndarray, reach: np.ndarray) -> bool:
        """Whether a shape comes within ``buffer`` metres of a place, in the plane that touches the Earth there."""
        piece = shapely.clip_by_rect(shape, *(place - reach), *(place + reach))
        piece = shapely.segmentize(piece, max(float(reach.max()) / 16, 1e-9))
        plane = shapely.transform(piece, lambda ends: metres_between(np.broadcast_to(place, ends.shape), ends))
        return bool(shapely.distance(shapely.make_valid(plane), shapely.Point(0, 0)) <= self.buffer)

    def _in_raster(self, lonlat: np.ndarray) -> np.ndarray:
        """Around each point a window of the mask, in metres by the mask's own pixels."""
        with open_raster(self.path) as mask, reading(self.path, KIND), raster_options():
            grid = _grid(self.path, mask)
            columns = 360 / abs(grid.transform.a) if grid.crs.is_geographic else 0
            # a mask of the whole world goes on at its other side
            turns = (-columns, 0, columns) if columns and mask.width >= columns - 1 else (0, )
            return np.array([np.isfinite([column, row]).all() and any(
                _near(mask, grid, column + turn, row, self.buffer) for turn in turns)
                for column, row in grid.to_pixels(lonlat)], bool)


def _clip(shapes: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[shapely.Geometry]:
    """What of the shapes lies between two corners; longitudes of both may be of different turns of the Earth."""
    found = []
    left, bottom, right, top = shapely.bounds(shapes).T
    for turn in (-360, 0, 360):
        box = shapely.box(low[0] - turn, low[1], high[0] - turn, high[1])
        near = (left <= high[0] - turn) & (right >= low[0] - turn) & (bottom <= high[1]) & (top >= low[1])
        for shape in shapes[near]:
            valid = shape if shape.is_valid else shapely.make_valid(shape)
            piece = shapely.intersection(valid, box)
            if not piece.is_empty:
                found += list(shapely.get_parts(shapely.affinity.translate(piece, turn)))
    return found


def _grid(path: Path, mask: rasterio.DatasetReader) -> Georeference:
    place, said = locate(path, mask, (mask.width, mask.height), 1)
    if not isinstance(place, Georeference):
        raise InputError(f'{path}: the land mask lies nowhere: {said}')
    return place


def _near(mask: rasterio.DatasetReader, grid: Georeference, column: float, row: float, buffer: float) -> bool:
    """Whether land lies within ``buffer`` metres of a place in the mask."""
    across, down = pixel_size(grid, column, row)
    reach = int(np.ceil(buffer / across)), int(np.ceil(buffer / down))
    window = Window(int(np.floor(column)) - reach[0], int(np.floor(row)) - reach[1], 2 * reach[0] + 1, 2 * reach[1] + 1)
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
