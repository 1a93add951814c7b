"""A whole image on disk: windows of it as the 8 bits that a detector was trained on, and where its pixels lie on Earth."""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
import rasterio.warp
from rasterio.enums import ColorInterp, Resampling
from rasterio.windows import Window

from mmsight import images
from mmsight.errors import InputError
from mmsight.files import RASTERS
from mmsight.images import read_image, scale_to_8_bits
from mmsight.memory import check_memory
from mmsight.rasters import KIND, open_raster, raster_options
from mmsight.reading import reading

SMALLEST = 8
"""Pixels of the shorter side that an image needs."""
WGS84 = rasterio.crs.CRS.from_epsg(4326)
_AXIS, _FLATTENING = 6378137.0, 1 / 298.257223563


def metres_between(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """East and north (N, 2) in metres between points (N, 2), longitude and latitude on WGS84, some kilometres apart at most.

    From the ellipsoid's radii of curvature at the mean latitude: right to 1e-6 of a kilometre.
    """
    east, north = np.radians((stop - start).T)
    east = (east + np.pi) % (2 * np.pi) - np.pi
    latitude = np.radians((start[:, 1] + stop[:, 1]) / 2)
    squared = _FLATTENING * (2 - _FLATTENING)
    inner = 1 - squared * np.sin(latitude)**2
    return np.stack([east * np.cos(latitude) * _AXIS / np.sqrt(inner), north * _AXIS * (1 - squared) / inner**1.5], axis=1)


def apply_affine(transform: rasterio.Affine, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) moved by an affine transform."""
    matrix = np.array(transform).reshape(3, 3)
    return points @ matrix[:2, :2].T + matrix[:2, 2]


@dataclass(frozen=True)
class Georeference:
    """Where pixels lie: an affine transform (rotated or not) into a coordinate reference system."""

    transform: rasterio.Affine
    crs: rasterio.crs.CRS

    def to_lonlat(self, points: np.ndarray) -> np.ndarray:
        """Longitude and latitude on WGS84, degrees (N, 2), of points (x, y) in pixels; (0, 0) is the corner of the first."""
        x, y = apply_affine(self.transform, points).T
        return np.array(rasterio.warp.transform(self.crs, WGS84, x, y)[:2]).T.reshape(-1, 2)

    def to_pixels(self, lonlat: np.ndarray) -> np.ndarray:
        """The reverse of :meth:`to_lonlat`."""
        places = np.array(rasterio.warp.transform(WGS84, self.crs, *lonlat.T)[:2]).T.reshape(-1, 2)
        return apply_affine(~self.transform, places)

    def pixel_size(self, x: float, y: float) -> tuple[float, float]:
        """Metres along a row and along a column, a pixel, around (x, y)."""
        ends = self.to_lonlat(np.array([[x - 50, y], [x, y - 50], [x + 50, y], [x, y + 50]]))
        across, down = np.hypot(*metres_between(ends[:2], ends[2:]).T) / 100
        return float(across), float(down)


@dataclass(frozen=True)
class Stretch:
    """How values become 8 bits.

    Attributes:
        kind (str): ``'none'`` (8-bit files), ``'percentile'``, ``'linear'`` or ``'db'``: 10 log10 of the values first.
        low (float, optional): What becomes 0: a percentile, a value, or dB. None for the percentile 0.5.
        high (float, optional): What becomes 255. None for the percentile 99.5.
    """

    kind: str
    low: float | None = None
    high: float | None = None

    @classmethod
    def parse(cls, text: str) -> 'Stretch':
        """From ``auto``, ``none``, ``percentile[:LOW:HIGH]``, ``linear:LOW:HIGH`` or ``db[:LOW:HIGH]``.

        Raises:
            InputError: If it is none of these.
        """
        kind, *limits = text.split(':')
        try:
            low, high = map(float, limits) if limits else (None, None)
        except ValueError:
            kind, low, high = '', None, None
        wrong = kind not in ('auto', 'none', 'percentile', 'linear', 'db') or (kind == 'linear' and low is None)
        if low is not None and high is not None:
            wrong |= not -math.inf < low < high < math.inf or (kind == 'percentile' and not 0 <= low < high <= 100)
        if wrong:
            raise InputError(f"stretch '{text}': expected auto, none, percentile[:LOW:HIGH], linear:LOW:HIGH or db[:LOW:HIGH], "
                             'with finite LOW < HIGH, percentiles from 0 to 100, e.g. db:-25:0')
        return cls(kind, low, high)


def to_rgb(image: np.ndarray) -> np.ndarray:
    """What :meth:`Scene.read` returns as RGB."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.shape[2] == 1 else cv2.COLOR_BGR2RGB)


def _is_coloured(image: np.ndarray) -> bool:
    """Whether channels of an image (H, W, 3) differ by more than JPEG's rounding: 1 % of its largest value, on the average."""
    sample = image[::4, ::4].astype(np.float32)
    return float(np.ptp(sample, axis=2).mean()) > 0.01 * float(sample.max(initial=0))


class Scene:
    """An image that is read window by window.

    Args:
        path (Path): GeoTIFF or another raster (:data:`RASTERS`), or an image that fits into memory.
        grey (bool): The model was trained on one band; otherwise on three, blue, green, red.
        bands (Sequence[int], optional): Bands to read, from 1: one, or red, green and blue.
        stretch (str): See :meth:`Stretch.parse`. ``'auto'`` leaves 8 bits as they are and stretches all else between the
            percentiles 0.5 and 99.5 of the scene.
        nodata (float, optional): Value of pixels without data, where the file does not say it.

    Attributes:
        width (int), height (int): In pixels.
        georeference (Georeference, optional): None where the file has no coordinate reference system.
        coloured (bool): Whether it shows colours: an image whose channels differ, or a raster of which three bands are read.
        gsd (float, optional): Metres a pixel at the centre: the mean of both directions.
        warnings (list[str]): Sentences for the user.

    Raises:
        InputError: If it cannot be read, has other bands than the model needs, is tiny, or is nodata all over.
    """

    def __init__(self, path: Path, grey: bool = True, bands: Sequence[int] | None = None, stretch: str = 'auto',
                 nodata: float | None = None) -> None:
        self.path, self.grey, self.nodata = path, grey, nodata
        self.warnings: list[str] = []
        self.georeference: Georeference | None = None
        self.gsd: float | None = None
        self._file: rasterio.DatasetReader | None = None
        self._image: np.ndarray | None = None
        if path.suffix.lower() in RASTERS:
            self._open(bands)
        else:
            image = read_image(path)
            if bands:
                raise InputError(f'{path}: --bands is for GeoTIFF and other rasters ({", ".join(RASTERS)})')
            image = image[..., None] if image.ndim == 2 else image[..., :1] if image.shape[2] == 2 else image[..., :3]
            self.coloured = image.shape[2] == 3 and _is_coloured(image)
            if grey and image.shape[2] == 3:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None]
            self._image = image[..., ::-1]
            self.height, self.width = image.shape[:2]
            self.dtype = image.dtype
        if min(self.width, self.height) < SMALLEST:
            raise InputError(f'{path}: the image is {self.width} x {self.height} pixels: at least {SMALLEST} x {SMALLEST} are '
                             'needed')
        self.limits = self._limits(Stretch.parse(stretch))

    def _open(self, bands: Sequence[int] | None) -> None:
        self._file = file = open_raster(self.path)
        self.width, self.height, self.dtype = file.width, file.height, np.dtype(file.dtypes[0])
        if self.dtype.kind not in 'iuf':
            raise InputError(f'{self.path}: real numbers are expected, found {self.dtype}; take the amplitude of complex data '
                             'first')
        self.bands = self._choose(bands)
        self.coloured = len(self.bands) == 3
        if file.crs is not None and (file.crs.is_geographic or file.crs.is_projected) and not file.transform.is_identity:
            self.georeference = Georeference(file.transform, file.crs)
            self.gsd = float(np.mean(self.georeference.pixel_size(self.width / 2, self.height / 2)))
            return
        points = file.gcps[0]
        if points:
            said = 'it has only ground control points, which are not used: warp it to a grid first, say with gdalwarp'
        elif file.crs is None:
            said = 'it has no coordinate reference system'
        else:
            said = 'its coordinate reference system or its transform says nothing of places on Earth'
        self.warnings.append(f'{self.path.name}: {said}; positions are in pixels')

    def _choose(self, bands: Sequence[int] | None) -> list[int]:
        assert self._file is not None
        kinds = zip(self._file.indexes, self._file.colorinterp, strict=True)
        there = [index for index, kind in kinds if kind != ColorInterp.alpha]
        wanted = 'one band' if self.grey else 'three bands, red, green and blue'
        if bands:
            if not set(bands) <= set(self._file.indexes):
                raise InputError(f'{self.path}: --bands {" ".join(map(str, bands))}: the file has the bands 1 to '
                                 f'{self._file.count}')
            if len(bands) not in ((1, ) if self.grey else (1, 3)):
                raise InputError(f'{self.path}: the model reads {wanted}, found --bands {" ".join(map(str, bands))}')
            return list(bands)
        if len(there) not in ((1, ) if self.grey else (1, 3)):
            raise InputError(f'{self.path}: the file has {len(there)} bands and the model reads {wanted}: choose with --bands, '
                             f"e.g. --bands {'1' if self.grey else '3 2 1'}")
        return there

    def values(self, x: int, y: int, width: int, height: int,
               out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A window (bands, h, w) as it is stored, red first of three, and where it is data; for the rest see :meth:`read`."""
        if self._image is not None:
            values = self._image[y:y + height, x:x + width]
            if out_size:
                small = cv2.resize(np.ascontiguousarray(values), out_size[::-1], interpolation=cv2.INTER_AREA)
                values = small.reshape(*out_size, -1)
            values = values.transpose(2, 0, 1)
            valid = np.ones(values.shape[1:], bool)
        else:
            assert self._file is not None
            window = Window(x, y, width, height)
            shape = None if out_size is None else (len(self.bands), *out_size)
            rows, columns = out_size or (height, width)
            # as stored, as floating-point numbers, and as 8 bits
            check_memory(self.path, rows * columns * len(self.bands) * (self.dtype.itemsize + 12),
                         f'a window of {columns} x {rows} pixels')
            with reading(self.path, KIND), raster_options():
                values = self._file.read(self.bands, window=window, out_shape=shape, resampling=Resampling.average)
                masks = self._file.read_masks(self.bands, window=window, out_shape=shape, resampling=Resampling.nearest)
            valid = masks.min(axis=0) > 0
        if self.nodata is not None:
            valid = valid & (values != self.nodata).any(axis=0)
        if values.dtype.kind == 'f':
            valid = valid & np.isfinite(values).all(axis=0)
        return values, valid

    def _limits(self, stretch: Stretch) -> list[tuple[float, float]] | None:
        """What becomes 0 and 255, a pair for each band; None leaves 8 bits as they are."""
        self.decibels = stretch.kind == 'db'
        kind = stretch.kind
        if kind == 'auto':
            kind = 'none' if self.dtype == np.uint8 else 'percentile'
        if kind == 'none' and self.dtype != np.uint8:
            raise InputError(f'{self.path}: the pixels are {self.dtype}: choose a stretch to 8 bits, e.g. --stretch percentile')
        sample = self._sample()
        if not any(part.size for part in sample):
            raise InputError(f'{self.path}: every pixel is nodata')
        if kind == 'none':
            return None
        if kind in ('linear', 'db') and stretch.low is not None and stretch.high is not None:
            return [(stretch.low, stretch.high)] * len(sample)
        percentiles = (0.5, 99.5) if stretch.low is None or stretch.high is None else (stretch.low, stretch.high)
        return [tuple(np.percentile(self._decibels(part), percentiles)) for part in sample]

    def _sample(self) -> list[np.ndarray]:
        """Values of each band: all of them up to 4 million, else those of 64 windows of 256 x 256 spread over the scene."""
        small = self.width * self.height <= 2**22
        spans = []
        for side in (self.width, self.height):
            edges = np.linspace(0, side, 9).astype(int) if small else np.linspace(0, max(side - 256, 0), 8).astype(int)
            ends = edges[1:] if small else np.minimum(edges + 256, side)
            spans.append([(int(begin), int(end - begin)) for begin, end in zip(edges, ends, strict=False)])
        found = self._readable([(x, y, width, height) for y, height in spans[1] for x, width in spans[0]])
        if not small and not any(valid.any() for _, valid in found):  # data may lie between the windows
            factor = 2048 / max(self.width, self.height)
            size = max(1, round(self.height * factor)), max(1, round(self.width * factor))
            found = self._readable([(0, 0, self.width, self.height, size)])
        return [np.concatenate([values[band][valid] for values, valid in found]) for band in range(len(found[0][0]))]

    def _readable(self, windows: Sequence[tuple]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Values of the windows that can be read; a damaged part of a scene is no reason to refuse the rest."""
        found, problem = [], None
        for window in windows:
            try:
                found.append(self.values(*window))
            except InputError as error:
                problem = error
        if not found and problem is not None:
            raise problem
        return found

    def _decibels(self, values: np.ndarray) -> np.ndarray:
        if not self.decibels:
            return values
        with np.errstate(divide='ignore', invalid='ignore'):
            return np.where(values > 0, 10 * np.log10(values, dtype=np.float32), np.float32(-100))

    def read(self, x: int, y: int, width: int, height: int,
             out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A window as the model takes it.

        Args:
            x (int), y (int), width (int), height (int): In pixels, inside the scene.
            out_size (tuple[int, int], optional): (h, w) of a reduced one.

        Returns:
            tuple[np.ndarray, np.ndarray]: uint8 (h, w, 1) grey or (h, w, 3) blue, green, red; and where there are data, bool
            (h, w). Elsewhere the image is 0.
        """
        values, valid = self.values(x, y, width, height, out_size)
        if self.limits is not None:
            values = np.stack([scale_to_8_bits(self._decibels(band), *limits)
                               for band, limits in zip(values, self.limits, strict=True)])
        image = np.where(valid[..., None], values.transpose(1, 2, 0), 0).astype(np.uint8)
        image = image[..., ::-1]
        if not self.grey and image.shape[2] == 1:
            image = np.repeat(image, 3, axis=2)
        return np.ascontiguousarray(image), valid

    def thumbnail(self, side: int = 2000) -> np.ndarray:
        """The scene as uint8 RGB, reduced so that no side is longer than ``side``; black where it cannot be read."""
        factor = min(1.0, side / max(self.width, self.height))
        size = max(1, round(self.height * factor)), max(1, round(self.width * factor))
        picture = np.zeros((*size, 1 if self.grey else 3), np.uint8)
        parts = 8 if factor < 1 else 1
        rows, columns = (np.linspace(0, length, parts + 1).astype(int) for length in size)
        for top, bottom in zip(rows[:-1], rows[1:], strict=True):
            for left, right in zip(columns[:-1], columns[1:], strict=True):
                x, x1 = (min(int(column / factor), self.width) for column in (left, right))
                y, y1 = (min(int(row / factor), self.height) for row in (top, bottom))
                if bottom > top and right > left:
                    with contextlib.suppress(InputError):  # the tiles say what could not be read
                        picture[top:bottom, left:right], _ = self.read(x, y, x1 - x, y1 - y, (bottom - top, right - left))
        return to_rgb(picture)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def count_pixels(path: Path) -> int:
    """Pixels of an image or a raster from its header; 0 if it cannot be read, which its reader will say."""
    if path.suffix.lower() not in RASTERS:
        return images.count_pixels(path)
    try:
        with open_raster(path) as file:
            return file.width * file.height
    except InputError:
        return 0
