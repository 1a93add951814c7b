"""What the values of a raster mean: the one place that reads TIFF and JPEG 2000, for training and inference."""

import base64
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import rasterio
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.windows import Window

from mmsight.colours import to_srgb
from mmsight.errors import InputError
from mmsight.memory import check_memory
from mmsight.orientation import as_orientation, stored_window, swaps_sides, upright
from mmsight.pictures import exif_orientation
from mmsight.rasters import KIND, open_raster, raster_options
from mmsight.reading import reading

PHOTOMETRIC, ORIENTATION, COLOUR_MAP, EXTRA_SAMPLES = 262, 274, 320, 338
"""Tags of TIFF."""
WHITE_IS_ZERO, RGB, CMYK, CIELAB, ICCLAB = 0, 2, 5, 8, 9
"""Photometric interpretations; all but RGB GDAL leaves as they are, or converts by other rules than those of a profile."""
REFUSED = {10: 'ITU L*a*b* colours', 32803: 'the raw mosaic of a camera, which is to be developed first', 32844: 'LogL values',
           32845: 'LogLuv colours', 34892: 'linear raw values of a camera, which are to be developed first'}
_LETTERS = {'r': 'red', 'g': 'green', 'b': 'blue'}


class Raster:
    """A raster as grey, or as red, green and blue: high is bright, and it stands upright.

    Args:
        path (Path): The file, or what names its content in sentences.
        bands (Sequence[int], optional): Bands to read, from 1, as they are. None takes those that the file calls red, green and
            blue, or its only one; alpha is none.
        nodata (float, optional): A stored value of pixels without data, where the file does not say it.
        content (bytes, optional): Of a file that is in memory.

    Attributes:
        file (rasterio.DatasetReader): As GDAL opened it; pixels are read by :meth:`read`.
        width (int), height (int): In pixels, upright.
        dtype (np.dtype): Of the values that :meth:`read` returns.
        bands (list[int]): What is read.
        channels (int): 1 or 3, of what is returned.
        orientation (int): How the pixels are stored, see :mod:`mmsight.orientation`.
        done (list[str]): What was resolved, in a few words each.
        doubts (list[str]): What the file leaves open, in a few words each.

    Raises:
        InputError: If it cannot be read, or its values mean nothing that can be shown as grey or as colours.
    """

    def __init__(self, path: Path, bands: Sequence[int] | None = None, nodata: float | None = None,
                 content: bytes | None = None) -> None:
        self.path, self.nodata = path, nodata
        self.done: list[str] = []
        self.doubts: list[str] = []
        with reading(path, KIND):
            self._open(path, bands, content)

    def _open(self, path: Path, bands: Sequence[int] | None, content: bytes | None) -> None:
        tags = _tags(path, content)
        kind: int | None = tags.get(PHOTOMETRIC)
        if kind is not None and kind in REFUSED:
            raise InputError(f'{path}: its pixels are {REFUSED[kind]}: convert the file to red, green and blue')
        space = '' if kind is None else {CMYK: 'CMYK', CIELAB: 'LAB', ICCLAB: 'LAB'}.get(kind, '')
        self._memory = None if content is None else rasterio.MemoryFile(content)
        self.file = open_raster(path, self._memory, raw=bool(space))
        with reading(path, KIND):
            self._interpret(tags, kind, space, bands)

    def _interpret(self, tags: Mapping[int, Any], kind: int | None, space: str, bands: Sequence[int] | None) -> None:
        """Find out what is read, and how stored values become what they mean."""
        self.dtype = np.dtype(self.file.dtypes[0])
        if self.dtype.kind not in 'iuf':
            raise InputError(f'{self.path}: real numbers are expected, found {self.dtype}; take the amplitude of complex data '
                             'first')
        self.orientation = as_orientation(tags.get(ORIENTATION))
        self.width, self.height = self.file.width, self.file.height
        if swaps_sides(self.orientation):
            self.width, self.height = self.height, self.width
        if self.orientation != 1:
            self.done.append(f'turned upright from orientation {self.orientation}')
        if self.file.subdatasets:
            self.doubts.append(f'it has {len(self.file.subdatasets)} pages, of which the first is read')
        self._alpha = next((index for index, kind in zip(self.file.indexes, self.file.colorinterp, strict=True)
                            if kind == ColorInterp.alpha), None)
        if kind == RGB and self.file.count == 4 and EXTRA_SAMPLES not in tags:  # what writes no tag for it means alpha
            self._alpha = 4
        self.bands = self._given(bands) if bands else self._choose(space)
        self.channels = 3 if len(self.bands) > 1 else 1
        self._decode: Callable[[np.ndarray], np.ndarray] | None = None
        self._clear: np.ndarray | None = None
        self._linear = True
        # GDAL makes up a table for few grey values
        self._resolve(kind, space, bool(bands), has_table=kind is None or COLOUR_MAP in tags)

    def _given(self, bands: Sequence[int]) -> list[int]:
        if not set(bands) <= set(self.file.indexes):
            raise InputError(f'{self.path}: --bands {" ".join(map(str, bands))}: the file has the bands 1 to '
                             f'{self.file.count}')
        return list(bands)

    def _choose(self, space: str) -> list[int]:
        """The bands that the file itself calls red, green and blue, or its only one."""
        if space:
            return list(range(1, 5 if space == 'CMYK' else 4))
        kinds = dict(zip(self.file.indexes, self.file.colorinterp, strict=True))
        there = [index for index in kinds if index != self._alpha]
        if len(there) == 1:
            return there
        said = [{index: kinds[index].name for index in there},
                {index: (self.file.descriptions[index - 1] or '').strip().lower() for index in there}]
        for names in said:
            names = {index: _LETTERS.get(name, name) for index, name in names.items()}
            found = [[index for index, name in names.items() if name == colour] for colour in ('red', 'green', 'blue')]
            if all(len(indices) == 1 for indices in found):
                bands = [index for index, in found]
                if bands != [1, 2, 3] or len(there) > 3:
                    self.done.append('red, green and blue are its bands {}, {} and {}, as it says'.format(*bands))
                return bands
        listing = ', '.join(f'{index} {self.file.descriptions[index - 1] or kinds[index].name}' for index in there)
        if len(there) == 3:
            self.doubts.append(f'it does not say which of its bands ({listing}) are red, green and blue: they are taken in '
                               'this order, and --bands names another')
            return there
        raise InputError(f'{self.path}: the file has {len(there)} bands ({listing}) and does not say which are red, green and '
                         'blue: choose one, or three in that order, with --bands')

    def _resolve(self, kind: int | None, space: str, chosen: bool, has_table: bool) -> None:
        """Plan how stored values become what they mean."""
        self.bits = int(self.file.tags(self.bands[0], ns='IMAGE_STRUCTURE').get('NBITS', 8 * self.dtype.itemsize))
        profile = self.file.tags(ns='COLOR_PROFILE').get('SOURCE_ICC_PROFILE')
        first = self.file.colorinterp[self.bands[0] - 1]
        if space:
            if chosen:
                raise InputError(f'{self.path}: --bands chooses none of {space}: convert the file to red, green and blue')
            self._plan_colours(space, profile, kind == ICCLAB)
        elif len(self.bands) == 1 and first == ColorInterp.palette and has_table:
            self._plan_table()
        elif kind == WHITE_IS_ZERO:
            if self.dtype.kind != 'u':
                raise InputError(f'{self.path}: white is zero in it, which says nothing of {self.dtype}: convert the file')
            white = 2**self.bits - 1
            factor = 255 // white if white < 255 else 1
            self._decode = lambda values: ((white - np.minimum(values, white)) * factor).astype(values.dtype)
            self.done.append('values are inverted, as white is zero in it')
        elif self.bits < 8:
            factor = 255 // (2**self.bits - 1)
            self._decode = lambda values: values * np.uint8(factor)
            self.done.append(f'{self.bits}-bit values become 8-bit values')
        elif profile and not chosen and self.dtype in (np.uint8, np.uint16) and self.bits in (8, 16):
            self._plan_profile(base64.b64decode(profile))
        elif profile and not chosen:
            self.done.append(f'its colour profile is left aside, as it has {self.bits} bits')
        self._plan_scale()

    def _plan_colours(self, space: str, profile: str | None, unsigned: bool) -> None:
        if self.dtype not in (np.uint8, np.uint16):
            raise InputError(f'{self.path}: {space} is read with 8 or 16 bits, found {self.dtype}')
        if len(self.bands) > self.file.count:
            raise InputError(f'{self.path}: {space} needs {len(self.bands)} bands, found {self.file.count}')
        known = base64.b64decode(profile) if profile and space == 'CMYK' else None

        def decode(values: np.ndarray) -> np.ndarray:
            values = values if values.dtype == np.uint8 else (values >> 8).astype(np.uint8)
            if unsigned:
                values = values ^ np.array([0, 128, 128], np.uint8)[:, None, None]
            return to_srgb(values.transpose(1, 2, 0), space, known)[0].transpose(2, 0, 1)

        self._decode, self._linear, self.dtype = decode, False, np.dtype(np.uint8)
        self.done.append(str(to_srgb(np.zeros((1, 1, len(self.bands)), np.uint8), space, known)[1]))

    def _plan_table(self) -> None:
        entries = self.file.colormap(self.bands[0])
        table = np.zeros((max(entries) + 1, 4), np.uint8)
        for value, colour in entries.items():
            table[value] = colour
        grey = (table[:, :1] == table[:, :3]).all()
        self.channels = 1 if grey else 3
        colours = table[:, :self.channels].T
        self._clear = table[:, 3] == 0
        self._decode = lambda values: colours[:, np.minimum(values[0], len(table) - 1)]
        self._linear, self.dtype = False, np.dtype(np.uint8)
        self.done.append('colours are those of its table')

    def _plan_profile(self, profile: bytes) -> None:
        space = 'RGB' if self.channels == 3 else 'L'
        shape = (1, 1, 3) if self.channels == 3 else (1, 1)
        done = to_srgb(np.zeros(shape, self.dtype), space, profile)[1]
        if done is None:
            return
        self.done.append(done)

        def decode(values: np.ndarray) -> np.ndarray:
            image = values.transpose(1, 2, 0) if self.channels == 3 else values[0]
            made = to_srgb(image, space, profile)[0]
            return made.transpose(2, 0, 1) if self.channels == 3 else made[None]

        self._decode = decode

    def _plan_scale(self) -> None:
        """Scale and offset, where the file has them, make the values that are meant of those that are stored."""
        if not self._linear:
            return
        scale, offset = (np.array([values[index - 1] for index in self.bands], float)
                         for values in (self.file.scales, self.file.offsets))
        if (scale == 1).all() and (offset == 0).all():
            return
        if not np.isfinite([scale, offset]).all() or (scale == 0).any():
            raise InputError(f'{self.path}: a scale of {scale.tolist()} and an offset of {offset.tolist()} cannot be applied')
        inner = self._decode or (lambda values: values)
        self._decode = lambda values: (inner(values) * scale[:, None, None] + offset[:, None, None]).astype(np.float32)
        self.dtype = np.dtype(np.float32)
        numbers = [', '.join(f'{value:g}' for value in dict.fromkeys(values.tolist())) for values in (scale, offset)]
        self.done.append('values are multiplied by its scale {} and moved by its offset {}'.format(*numbers))

    def read(self, x: int, y: int, width: int, height: int,
             out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A window of the upright image, reduced to ``out_size`` (h, w) if that is given.

        Returns:
            tuple[np.ndarray, np.ndarray]: (channels, h, w), red first, of :attr:`dtype`; and where there are data, bool (h, w):
            neither nodata, nor masked, nor transparent, nor NaN.

        Raises:
            InputError: If these pixels are damaged, or take more memory than is allowed.
        """
        x, y, width, height = stored_window(x, y, width, height, (self.width, self.height), self.orientation)
        size = out_size[::-1] if out_size and swaps_sides(self.orientation) else out_size
        window = Window(x, y, width, height)
        # what is not linear, such as the numbers of colours in a table, cannot be averaged
        shape = (len(self.bands), *size) if size and self._linear else None
        rows, columns = size or (height, width)
        # as stored, as floating-point numbers, and as 8 bits
        check_memory(self.path, rows * columns * len(self.bands) * (self.dtype.itemsize + 12),
                     f'a window of {columns} x {rows} pixels')
        with reading(self.path, KIND), raster_options():
            values = self.file.read(self.bands, window=window, out_shape=shape, resampling=Resampling.average)
            masks = self.file.read_masks(self.bands, window=window, out_shape=shape, resampling=Resampling.nearest)
            if self._alpha:
                masks = self.file.read(self._alpha, window=window, out_shape=shape and shape[1:])[None]
        valid = masks.max(axis=0) > 0
        if self.nodata is not None:
            valid &= (values != self.nodata).any(axis=0)
        if self._clear is not None:
            valid &= ~self._clear[np.minimum(values[0], len(self._clear) - 1)]
        if values.dtype.kind == 'f':
            valid &= np.isfinite(values).all(axis=0)
        if self._decode is not None:
            values = self._decode(values)
        if size and shape is None:
            small = [cv2.resize(np.ascontiguousarray(band), size[::-1], interpolation=cv2.INTER_AREA) for band in values]
            values = np.stack(small)
            valid = cv2.resize(valid.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0
        return upright(values, self.orientation, 1), upright(valid, self.orientation)

    def alpha(self, x: int, y: int, width: int, height: int) -> np.ndarray | None:
        """The transparency band (h, w) of a window of the upright image, as it is stored; None if the file has none."""
        x, y, width, height = stored_window(x, y, width, height, (self.width, self.height), self.orientation)
        with reading(self.path, KIND), raster_options():
            return upright(self.file.read(self._alpha, window=Window(x, y, width, height)), self.orientation) \
                if self._alpha else None

    @property
    def opaque(self) -> bool:
        """Whether the file says that all its pixels are data."""
        masks = self.file.mask_flag_enums
        return (self._alpha is None and self._clear is None and self.nodata is None and self.dtype.kind != 'f'
                and all(MaskFlags.all_valid in masks[index - 1] for index in self.bands))

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        if self._memory is not None:
            self._memory.close()


def _tags(path: Path, content: bytes | None) -> dict[int, Any]:
    """The tags of a TIFF's first image, of a PNG or JPEG how it stands; none of another file, or where they are damaged, which
    GDAL will say."""
    try:
        with (io.BytesIO(content) if content is not None else path.open('rb')) as file:
            start = file.read(2)
            file.seek(0)
            if start in (b'\x89P', b'\xff\xd8'):
                return {ORIENTATION: exif_orientation(file)}
            return read_tags(file)
    except Exception:  # Pillow raises many kinds
        return {}


def read_tags(file: BinaryIO) -> dict[int, Any]:
    """Tags of a TIFF's first image that say what its values mean; none of another file."""
    start = file.read(4)
    if start not in (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+'):
        return {}
    rest = file.read(12 if b'+' in start else 4)
    found = ImageFileDirectory_v2(start + rest)
    file.seek(found.next)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of tags that are cut
        found.load(file)
    return {tag: found[tag] for tag in (PHOTOMETRIC, ORIENTATION, COLOUR_MAP, EXTRA_SAMPLES) if tag in found}
