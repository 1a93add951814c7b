"""Where pixels lie on Earth: an affine transform, ground control points, rational polynomials, or a world file."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
import rasterio.warp
from rasterio._err import CPLE_BaseError  # what escapes of GDAL's errors has no public name
from rasterio.control import GroundControlPoint
from rasterio.errors import CRSError, RasterioError
from rasterio.rpc import RPC
from rasterio.transform import GCPTransformer, RPCTransformer

from mmsight.orientation import stored_matrix
from mmsight.rasters import raster_options

WGS84 = rasterio.crs.CRS.from_epsg(4326)
_AXIS, _FLATTENING = 6378137.0, 1 / 298.257223563
DEGREE = 110_000.0
"""Metres, a little less than the shortest degree of latitude."""
SPLINE = 10
"""Least number of control points through which a thin-plate spline is laid; fewer are fitted by a plane (affine transform)."""
HELD_OUT = 20
"""Control points that are left out, one after the other, to state how well the others give their place."""
_LARGEST = 100_000
"""Bytes of a world file or a ``.prj``."""


def metres_between(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """East and north (N, 2) in metres between points (N, 2), longitude and latitude on WGS84, some kilometres apart at most.

    From the chord through the ellipsoid, as it is seen at its middle: right to 1e-6 of a kilometre, also at the poles and
    across the antimeridian.
    """
    chord = _geocentric(stop) - _geocentric(start)
    middle = _geocentric(start) + chord / 2
    longitude = np.arctan2(middle[:, 1], middle[:, 0])
    latitude = np.arctan2(middle[:, 2], np.hypot(middle[:, 0], middle[:, 1]) * (1 - _FLATTENING)**2)
    east = -np.sin(longitude) * chord[:, 0] + np.cos(longitude) * chord[:, 1]
    outward = np.cos(longitude) * chord[:, 0] + np.sin(longitude) * chord[:, 1]
    north = -np.sin(latitude) * outward + np.cos(latitude) * chord[:, 2]
    return np.stack([east, north], axis=1)


def _geocentric(lonlat: np.ndarray) -> np.ndarray:
    """Places (N, 3) in metres from the centre of WGS84's ellipsoid."""
    longitude, latitude = np.radians(lonlat.T)
    squared = _FLATTENING * (2 - _FLATTENING)
    radius = _AXIS / np.sqrt(1 - squared * np.sin(latitude)**2)
    return np.stack([radius * np.cos(latitude) * np.cos(longitude), radius * np.cos(latitude) * np.sin(longitude),
                     radius * (1 - squared) * np.sin(latitude)], axis=1)


def wrap(longitude: np.ndarray, centre: float | np.ndarray = 0.0) -> np.ndarray:
    """Longitudes in degrees within 180 of ``centre``; those that are already stay as they are to the last digit."""
    return longitude - 360 * np.round((longitude - centre) / 360)


def apply_affine(transform: rasterio.Affine, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) moved by an affine transform."""
    matrix = np.array(transform).reshape(3, 3)
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def to_wgs84(crs: rasterio.crs.CRS, points: np.ndarray) -> np.ndarray:
    """Longitude, from -180 to 180, and latitude (N, 2) of places (N, 2) in ``crs``; not finite where it has none."""
    found = _transform(crs, WGS84, points)
    found[:, 0] = wrap(found[:, 0])
    return found


def _transform(source: rasterio.crs.CRS, target: rasterio.crs.CRS, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) in another system; not finite where it has no place for one."""
    try:
        with _quiet():
            return np.array(rasterio.warp.transform(source, target, *points.T)[:2], float).T.reshape(-1, 2)
    except CPLE_BaseError:  # of one point
        if len(points) == 1:
            return np.full((1, 2), np.nan)
        return np.concatenate([_transform(source, target, point[None]) for point in points])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with raster_options(), np.errstate(invalid='ignore'), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


class Place(Protocol):
    """What a scene asks of its georeference."""

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """Longitude and latitude on WGS84, degrees (N, 2), of points (x, y) in pixels; (0, 0) is the corner of the first."""

    def stored_as(self) -> dict[str, Any]:
        """What rasterio writes into a file on the same pixels."""


def pixel_size(place: Place, x: float, y: float) -> tuple[float, float]:
    """Metres along a row and along a column, a pixel, around (x, y)."""
    ends = place.to_lonlat(np.array([[x - 50, y], [x, y - 50], [x + 50, y], [x, y + 50]]))
    across, down = np.hypot(*metres_between(ends[:2], ends[2:]).T) / 100
    return float(across), float(down)


@dataclass(frozen=True)
class Georeference:
    """An affine transform, rotated or not, of pixels into a coordinate reference system."""

    transform: rasterio.Affine
    crs: rasterio.crs.CRS

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """See :class:`Place`."""
        return to_wgs84(self.crs, apply_affine(self.transform, points))

    def to_pixels(self, lonlat: np.ndarray) -> np.ndarray:
        """The reverse of :meth:`to_lonlat`; where longitudes go from 0 to 360, they are taken so."""
        places = _transform(WGS84, self.crs, lonlat)
        if self.crs.is_geographic:
            places[:, 0] = wrap(places[:, 0], self.transform.c + 180)
        return apply_affine(~self.transform, places)

    def stored_as(self) -> dict[str, Any]:
        """See :class:`Place`."""
        return dict(crs=self.crs, transform=self.transform)


class ControlPoints:
    """Ground control points: an affine transform through fewer than :data:`SPLINE`, a thin-plate spline through more.

    Args:
        points (Sequence[GroundControlPoint]), crs (rasterio.crs.CRS): Of the file.

    Attributes:
        residual (float, optional): Metres, the root mean square of how far points lie from where the others place them. None
            for three points, which do not tell.

    Raises:
        ValueError: If they give no places; its message says why, in a few words.
    """

    def __init__(self, points: Sequence[GroundControlPoint], crs: rasterio.crs.CRS) -> None:
        self.points, self.crs = points, crs
        pixels = np.array([(point.col, point.row) for point in points], float)
        places = np.array([(point.x, point.y) for point in points], float)
        if not np.isfinite([pixels, places]).all():
            raise ValueError('its ground control points are not finite')
        if np.linalg.matrix_rank(pixels - pixels.mean(axis=0), tol=1e-3) < 2:
            raise ValueError('its ground control points lie on one line')
        if crs.is_geographic:  # no jump at the antimeridian
            places[:, 0] = wrap(places[:, 0], places[0, 0])
        self._pixels, self._places, self._spline = pixels, places, len(points) >= SPLINE
        self._to_places = self._fit(np.arange(len(points)))
        self.residual = self._measure()

    def _fit(self, chosen: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """From pixels (N, 2) to places (N, 2) by some of the points."""
        pixels, places = self._pixels[chosen], self._places[chosen]
        if not self._spline:
            plane = np.linalg.lstsq(np.column_stack([pixels, np.ones(len(pixels))]), places, rcond=None)[0]
            return lambda wanted: np.column_stack([wanted, np.ones(len(wanted))]) @ plane
        points = [GroundControlPoint(row, col, x, y) for (col, row), (x, y) in zip(
            pixels.tolist(), places.tolist(), strict=True)]
        try:
            with _quiet():
                transformer = GCPTransformer(points, tps=True)
        except (RasterioError, CPLE_BaseError, ValueError) as error:
            raise ValueError(f'its ground control points give no transform ({error})') from error

        def transform(wanted: np.ndarray) -> np.ndarray:
            with _quiet():
                x, y = transformer.xy(wanted[:, 1].tolist(), wanted[:, 0].tolist(), offset='ul')
            return np.array([x, y], float).T.reshape(-1, 2)

        return transform

    def _measure(self) -> float | None:
        number = len(self.points)
        if number < 4:
            return None
        out = np.unique(np.linspace(0, number - 1, min(number, HELD_OUT)).round().astype(int))
        found = np.concatenate([self._fit(np.delete(np.arange(number), index))(self._pixels[index:index + 1]) for index in out])
        away = metres_between(to_wgs84(self.crs, self._places[out]), to_wgs84(self.crs, found))
        return float(np.sqrt((away**2).sum(axis=1).mean()))

    def folds(self, width: int, height: int) -> bool:
        """Whether the transform mirrors a part of an image, or has no place for it."""
        x, y = (part.ravel() for part in np.meshgrid(np.linspace(0, width, 9), np.linspace(0, height, 9)))
        corner = np.stack([x, y], axis=1)
        step = np.array([max(width, 8), max(height, 8)]) / 8
        origin, right, down = (self._to_places(corner + step * axis) for axis in ([0, 0], [1, 0], [0, 1]))
        (ax, ay), (bx, by) = (right - origin).T, (down - origin).T
        area = ax * by - ay * bx
        return not (np.isfinite(area).all() and ((area > 0).all() or (area < 0).all()))

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """See :class:`Place`."""
        points = np.asarray(points, float).reshape(-1, 2)
        return to_wgs84(self.crs, self._to_places(points)) if len(points) else points

    def stored_as(self) -> dict[str, Any]:
        """See :class:`Place`."""
        return dict(crs=self.crs, gcps=list(self.points))


class RationalPolynomials:
    """A sensor's model (RPC), at the mean height that it states: other ground is displaced, by its height and the view's angle.

    Raises:
        ValueError: If it gives no places; its message says so, in a few words.
    """

    def __init__(self, rpcs: RPC, size: tuple[int, int]) -> None:
        self.rpcs = rpcs
        corners = self.to_lonlat(np.array([[0, 0], [size[0], 0], [0, size[1]], size]))
        if not np.isfinite(corners).all() or np.abs(corners[:, 1]).max() > 90:
            raise ValueError('its rational polynomials (RPC) give no places')

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """See :class:`Place`."""
        points = np.asarray(points, float).reshape(-1, 2)
        with _quiet(), RPCTransformer(self.rpcs) as transformer:
            x, y = transformer.xy(points[:, 1], points[:, 0], zs=np.full(len(points), self.rpcs.height_off), offset='ul')
        return np.column_stack([x, y])

    def stored_as(self) -> dict[str, Any]:
        """See :class:`Place`."""
        return dict(rpcs=self.rpcs)


def locate(path: Path, file: rasterio.DatasetReader | None, size: tuple[int, int],
           orientation: int) -> tuple[Place | None, str | None]:
    """Where an image lies, and what is to be said of that, as the beginning of a sentence.

    Args:
        path (Path): The image, beside which a world file and a ``.prj`` may lie. What the file itself states goes before.
        file (rasterio.DatasetReader, optional): Where it is a raster.
        size (tuple[int, int]): (w, h) of the upright image.
        orientation (int): How it is stored, see :mod:`mmsight.orientation`.
    """
    try:
        transform = None if file is None or file.transform.is_identity else file.transform
        crs, gcps = (None, None) if file is None else (file.crs, file.gcps)
        said = []
        if transform is None and not (gcps and gcps[0]) and (transform := read_world_file(path)) is not None:
            said.append('placed by the world file beside it')
        if transform is not None and crs is None and (crs := read_prj(path)) is not None:
            said.append('its coordinate reference system is that of the .prj beside it')
        if transform is None and file is not None and gcps is not None and gcps[0]:
            if gcps[1] is None:
                return None, 'its ground control points are of no coordinate reference system'
            points = ControlPoints(*gcps)
            if points.folds(file.width, file.height):
                return None, 'its ground control points fold it'
            if orientation != 1:
                return None, f'its ground control points are not used with orientation {orientation}'
            known = 'which three cannot check' if points.residual is None else \
                f'each of which the others place to {points.residual:.2g} m (root mean square)'
            return points, f'positions come from its {len(points.points)} ground control points, {known}'
        if transform is None and file is not None and file.rpcs is not None and orientation == 1:
            return RationalPolynomials(file.rpcs, (file.width, file.height)), (
                f'positions come from its rational polynomials (RPC) at a height of {file.rpcs.height_off:g} m: ground that is '
                'higher or lower is displaced, and so are places where the sensor was off')
    except ValueError as error:
        return None, str(error)
    if crs is None:  # of a picture nothing else is expected
        return None, 'it has no coordinate reference system' if file is not None or transform is not None else None
    if transform is None or transform.is_degenerate or not (crs.is_geographic or crs.is_projected):
        return None, 'its coordinate reference system or its transform says nothing of places on Earth'
    return Georeference(turned_transform(transform, size, orientation), crs), '; '.join(said) or None


def turned_transform(transform: rasterio.Affine, size: tuple[int, int], orientation: int) -> rasterio.Affine:
    """Of an image that is read upright, in ``size`` (w, h), the transform that its file states for the stored pixels."""
    return transform @ rasterio.Affine(*stored_matrix(size, orientation)[:2].ravel().tolist())


def read_world_file(path: Path) -> rasterio.Affine | None:
    """The transform that a world file beside an image states (``.tfw``, ``.tifw`` or ``.wld``, ...); None without one.

    Raises:
        ValueError: If there is one that is no world file; its message is a sentence's beginning.
    """
    suffix = path.suffix[1:].lower()
    found = _beside(path, [suffix[:1] + suffix[-1:] + 'w', suffix + 'w', 'wld'])
    if found is None:
        return None
    try:
        numbers = [float(word.replace(',', '.')) for word in found.read_text(encoding='ascii').split()]
    except ValueError:
        numbers = []
    if len(numbers) != 6 or not np.isfinite(numbers).all() or numbers[0] * numbers[3] == numbers[1] * numbers[2]:
        raise ValueError(f'{found.name} is not a world file, which has six numbers')
    a, d, b, e, x, y = numbers  # of the centre of the first pixel
    return rasterio.Affine(a, b, x, d, e, y) @ rasterio.Affine.translation(-0.5, -0.5)


def read_prj(path: Path) -> rasterio.crs.CRS | None:
    """The coordinate reference system that a ``.prj`` beside an image states; None without one.

    Raises:
        ValueError: If there is one that states none; its message is a sentence's beginning.
    """
    found = _beside(path, ['prj'])
    if found is None:
        return None
    text = found.read_text(errors='replace').strip()
    try:
        if 'nadgrids' in text.lower():  # which names a file
            raise CRSError('it names a grid')
        with _quiet():
            return rasterio.crs.CRS.from_wkt(text, morph_from_esri_dialect=True)
    except CRSError as error:
        raise ValueError(f'{found.name} does not state a coordinate reference system in WKT') from error


def _beside(path: Path, suffixes: Sequence[str]) -> Path | None:
    """A small file of the same name with one of the suffixes, in small or capital letters."""
    for suffix in suffixes:
        for written in (suffix, suffix.upper()):
            found = path.with_suffix(f'.{written}')
            if found.is_file() and found.stat().st_size <= _LARGEST:
                return found
    return None
