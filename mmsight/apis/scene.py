"""A whole image on disk: windows of it as the 8 bits that a detector was trained on, and where its pixels lie on Earth."""

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from mmsight import images, sentinel1
from mmsight.ambiguities import Ambiguities
from mmsight.apis.georeference import Place, locate, pixel_size
from mmsight.errors import InputError
from mmsight.files import RASTERS
from mmsight.image_header import is_image
from mmsight.images import scale_to_8_bits
from mmsight.pictures import Picture, read_picture
from mmsight.raster_values import Raster
from mmsight.rasters import is_raster, open_raster
from mmsight.sentinel1 import Sentinel1, is_product

SMALLEST = 8
"""Pixels of the shorter side that an image needs."""
IN_MEMORY = 2**22
"""Pixels up to which a raster is read once, and kept."""


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


def _decibels(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(values > 0, 10 * np.log10(values, dtype=np.float32), np.float32(-100))


def to_rgb(image: np.ndarray) -> np.ndarray:
    """What :meth:`Scene.read` returns as RGB."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.shape[2] == 1 else cv2.COLOR_BGR2RGB)


class _Whole:
    """An image in memory, read as a :class:`.Raster` is."""

    def __init__(self, values: np.ndarray, valid: np.ndarray | None, nodata: float | None) -> None:
        self._values, self._valid, self._nodata = values, valid, nodata

    @property
    def channels(self) -> int:
        """Of what :meth:`read` returns."""
        return len(self._values)

    @property
    def complete(self) -> bool:
        """Whether no pixel can be nodata."""
        return self._valid is None and self._nodata is None and self._values.dtype.kind != 'f'

    def read(self, x: int, y: int, width: int, height: int,
             out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`.Raster.read`."""
        values = self._values[:, y:y + height, x:x + width]
        valid = np.ones((height, width), bool) if self._valid is None else self._valid[y:y + height, x:x + width]
        if self._nodata is not None:
            valid = valid & (values != self._nodata).any(axis=0)
        if values.dtype.kind == 'f':
            valid = valid & np.isfinite(values).all(axis=0)
        if out_size:
            values = np.stack([cv2.resize(np.ascontiguousarray(band), out_size[::-1], interpolation=cv2.INTER_AREA)
                               for band in values])
            valid = cv2.resize(valid.astype(np.uint8), out_size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        return values, valid


class Scene:
    """An image that is read window by window.

    Args:
        path (Path): GeoTIFF or another raster, a product of Sentinel-1, or an image that fits into memory; the content decides.
        grey (bool): The model was trained on one band, and colours become grey; otherwise on three, blue, green, red.
        bands (Sequence[int | str], optional): Bands of a raster to read, from 1: one, or red, green and blue; or polarisations
            of a product.
        stretch (str): See :meth:`Stretch.parse`. ``'auto'`` leaves 8 bits as they are and stretches all else between the
            percentiles 0.5 and 99.5 of the scene; of backscatter its square root, the amplitude, which detectors are trained
            on.
        nodata (float, optional): Value of pixels without data, where the file does not say it.

    Attributes:
        width (int), height (int): In pixels, upright.
        georeference (Place, optional): None where the file says nothing of places on Earth.
        gsd (float, optional): Metres a pixel at the centre: the mean of both directions.
        notes (list[str]): One sentence on what was resolved, or none.
        warnings (list[str]): Sentences on what may be wrong.

    Raises:
        InputError: If it cannot be read, has other bands than the model needs, is tiny, or is nodata all over.
    """

    def __init__(self, path: Path, grey: bool = True, bands: Sequence[int | str] | None = None, stretch: str = 'auto',
                 nodata: float | None = None) -> None:
        self._opened = path, grey, bands, stretch, nodata
        self.path, self.grey, self.nodata = path, grey, nodata
        self.warnings: list[str] = []
        self.georeference: Place | None = None
        self.gsd: float | None = None
        self.bands = bands
        self._raster: Raster | Sentinel1 | None = None
        if is_product(path) or is_raster_file(path) or images.count_pixels(path) > images.MOST_PIXELS:
            if bands and len(bands) not in ((1, ) if grey else (1, 3)):
                wanted = 'one band' if grey else 'three bands, red, green and blue'
                raise InputError(f'{path}: the model reads {wanted}, found --bands {" ".join(map(str, bands))}')
            found: Raster | Sentinel1 | Picture = self._open(bands)
        else:
            if bands:
                raise InputError(f'{path}: --bands is for GeoTIFF and other rasters ({", ".join(RASTERS)}) and for .SAFE')
            found = self._load()
        self.notes = [f'{path.name}: {"; ".join(found.done)}'] if found.done else []
        self.warnings += [f'{path.name}: {doubt}' for doubt in found.doubts]
        if min(self.width, self.height) < SMALLEST:
            raise InputError(f'{path}: the image is {self.width} x {self.height} pixels: at least {SMALLEST} x {SMALLEST} are '
                             'needed')
        self._locate(found.orientation)
        self.limits = self._limits(Stretch.parse(stretch))

    def __reduce__(self) -> tuple:
        """Another process opens the file again."""
        return Scene, self._opened

    def _open(self, bands: Sequence[int | str] | None) -> Raster | Sentinel1:
        if is_product(self.path):
            raster: Raster | Sentinel1 = Sentinel1(self.path, bands, self.nodata)
        else:
            raster = Raster(self.path, cast(Sequence[int] | None, bands), self.nodata)  # which refuses polarisations
        self._raster = raster
        self.width, self.height, self.dtype, self.bands = raster.width, raster.height, raster.dtype, raster.bands
        self._source: Raster | Sentinel1 | _Whole = raster
        if self.width * self.height <= IN_MEMORY:
            with contextlib.suppress(InputError):  # a damaged part of it is told by the windows
                values, valid = raster.read(0, 0, self.width, self.height)
                self._source = _Whole(values, None if valid.all() else valid, None)
        return raster

    def _load(self) -> Picture:
        picture = read_picture(self.path)
        values = picture.values[None] if picture.values.ndim == 2 else picture.values.transpose(2, 0, 1)
        self.height, self.width = picture.values.shape[:2]
        self.dtype = values.dtype
        self._source = _Whole(values, None if picture.alpha is None else picture.alpha > 0, self.nodata)
        return picture

    def _locate(self, orientation: int) -> None:
        """Find out where the pixels lie, from the file itself or from a world file and a .prj beside it."""
        file = None if self._raster is None else self._raster.file
        place, said = locate(self.path, file, (self.width, self.height), orientation)
        if place is not None:
            across, down = pixel_size(place, self.width / 2, self.height / 2)
            if not 0 < across * down < math.inf:
                place, said = None, 'its coordinate reference system has no place for it'
            else:
                self.georeference, self.gsd = place, (across + down) / 2
        if said:
            (self.notes if place else self.warnings).append(
                f'{self.path.name}: {said}' if place else f'{self.path.name}: {said}; positions are in pixels')

    @functools.cached_property
    def coloured(self) -> bool:
        """Whether it shows colours: channels differ by more than JPEG's rounding, 1 % of the largest value, on the average."""
        source = self._raster or self._source
        if source.channels != 3:
            return False
        factor = min(1.0, 1024 / max(self.width, self.height))
        size = max(1, round(self.height * factor)), max(1, round(self.width * factor))
        try:
            values, valid = source.read(0, 0, self.width, self.height, size)
        except InputError:  # the tiles say what could not be read
            return False
        sample = values[:, valid].astype(np.float32)
        return float(np.ptp(sample, axis=0).mean()) > 0.01 * float(sample.max(initial=0))

    @property
    def ambiguities(self) -> Ambiguities | None:
        """Where azimuth ambiguities lie; None of all that is no product of Sentinel-1, or does not say it."""
        return self._raster.ambiguities if isinstance(self._raster, Sentinel1) else None

    def values(self, x: int, y: int, width: int, height: int,
               out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A window (bands, h, w) of the file's own type, grey or red first of three, and where it is data; for the rest see
        :meth:`read`."""
        # what is no data takes no part in the averages of GDAL
        source = self._raster if out_size and self._raster is not None else self._source
        values, valid = source.read(x, y, width, height, out_size)
        if self.grey and len(values) == 3:
            kind = values.dtype if values.dtype in (np.uint8, np.uint16, np.float32) else np.dtype(np.float32)
            values = cv2.cvtColor(np.ascontiguousarray(values.transpose(1, 2, 0), kind), cv2.COLOR_RGB2GRAY)[None]
        return values, valid

    def _limits(self, stretch: Stretch) -> list[tuple[float, float]] | None:
        """What becomes 0 and 255, a pair for each band; None leaves 8 bits as they are."""
        self._scale: Callable[[np.ndarray], np.ndarray] = _decibels if stretch.kind == 'db' else np.asarray
        kind = stretch.kind
        if kind == 'auto':
            if isinstance(self._raster, Sentinel1):
                self._scale = np.sqrt
            kind = 'none' if self.dtype == np.uint8 else 'percentile'
        if kind == 'none' and self.dtype != np.uint8:
            raise InputError(f'{self.path}: the pixels are {self.dtype}: choose a stretch to 8 bits, e.g. --stretch percentile')
        if kind == 'none' and isinstance(self._source, _Whole) and self._source.complete:
            return None
        sample = self._sample()
        if not any(part.size for part in sample):
            raise InputError(f'{self.path}: every pixel is nodata')
        if kind == 'none':
            return None
        if kind in ('linear', 'db') and stretch.low is not None and stretch.high is not None:
            return [(stretch.low, stretch.high)] * len(sample)
        percentiles = (0.5, 99.5) if stretch.low is None or stretch.high is None else (stretch.low, stretch.high)
        return [tuple(np.percentile(self._scale(part), percentiles)) for part in sample]

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
            values = np.stack([scale_to_8_bits(self._scale(band), *limits)
                               for band, limits in zip(values, self.limits, strict=True)])
        image = values.transpose(1, 2, 0)
        if not valid.all():
            image = np.where(valid[..., None], image, 0)
        image = np.ascontiguousarray(image, np.uint8)
        if image.shape[2] == 3:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        return image if self.grey or image.shape[2] == 3 else np.repeat(image, 3, axis=2), valid

    def reduced(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """The scene so that no side is longer than ``side``: uint8 (h, w, 1) grey or (h, w, 3) RGB, and where there are data;
        without them where it cannot be read."""
        factor = min(1.0, side / max(self.width, self.height))
        size = max(1, round(self.height * factor)), max(1, round(self.width * factor))
        picture, valid = np.zeros((*size, 1 if self.grey else 3), np.uint8), np.zeros(size, bool)
        parts = 8 if factor < 1 else 1
        rows, columns = (np.linspace(0, length, parts + 1).astype(int) for length in size)
        for top, bottom in zip(rows[:-1], rows[1:], strict=True):
            for left, right in zip(columns[:-1], columns[1:], strict=True):
                x, x1 = (min(int(column / factor), self.width) for column in (left, right))
                y, y1 = (min(int(row / factor), self.height) for row in (top, bottom))
                if bottom > top and right > left:
                    with contextlib.suppress(InputError):  # the tiles say what could not be read
                        picture[top:bottom, left:right], valid[top:bottom, left:right] = self.read(
                            x, y, x1 - x, y1 - y, (bottom - top, right - left))
        return picture if self.grey else to_rgb(picture), valid

    def thumbnail(self, side: int = 2000) -> np.ndarray:
        """See :meth:`reduced`: uint8 RGB (h, w, 3), black where there are no data."""
        picture, _ = self.reduced(side)
        return to_rgb(picture) if self.grey else picture

    def close(self) -> None:
        """Close the file."""
        if self._raster is not None:
            self._raster.close()


def read_8_bits(path: str | Path, grey: bool) -> np.ndarray:
    """A whole image as a model takes it, for training: what a :class:`Scene` of it shows.

    Returns:
        np.ndarray: uint8 (H, W, 1) grey or (H, W, 3) blue, green, red.
    """
    scene = Scene(Path(path), grey)
    try:
        return scene.read(0, 0, scene.width, scene.height)[0]
    finally:
        scene.close()


def count_pixels(path: Path) -> int:
    """Pixels of an image or a raster from its header; 0 if it cannot be read, which its reader will say."""
    try:
        if is_product(path):
            return sentinel1.count_pixels(path)
        if not is_raster_file(path):
            return images.count_pixels(path)
        with open_raster(path) as file:
            return file.width * file.height
    except InputError:
        return 0


def is_raster_file(path: Path) -> bool:
    """By content; by its name what cannot be read, or is of no known format, which its reader will say."""
    try:
        with path.open('rb') as file:
            start = file.read(12)
    except OSError:
        start = b''
    return is_raster(start) or (path.suffix.lower() in RASTERS and not is_image(start))
