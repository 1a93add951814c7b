"""What the values of an image file mean: the one place that reads images whole, for training and inference."""

import io
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from PIL import BmpImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ExifTags import Base

from mmsight.colours import to_srgb
from mmsight.image_header import read_header
from mmsight.images import decode_image
from mmsight.orientation import as_orientation, swaps_sides, upright
from mmsight.reading import read_bytes, reading


class Picture(NamedTuple):
    """An image as people see it.

    Attributes:
        values (np.ndarray): (H, W) grey, or (H, W, 3) red, green, blue, of the file's own type, upright.
        alpha (np.ndarray, optional): (H, W), of the same type; 0 is transparent or without data. None if all of it is opaque.
        orientation (int): How the pixels are stored, see :mod:`mmsight.orientation`.
        profile (bytes, optional): The ICC profile that the values are still to be seen by; None for sRGB.
        done (tuple[str, ...]): What was resolved, in a few words each.
        doubts (tuple[str, ...]): What the file leaves open, in a few words each.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    orientation: int = 1
    profile: bytes | None = None
    done: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def notes(self, name: str) -> list[str]:
        """One line on what was resolved in a file of that name, or none."""
        return [f'{name}: {"; ".join(self.done)}'] if self.done else []

    def warnings(self, name: str) -> list[str]:
        """Sentences on what it leaves open."""
        return [f'{name}: {doubt}' for doubt in self.doubts]


def read_image(path: str | Path) -> np.ndarray:
    """An image as OpenCV takes it, of the file's own type: (H, W) grey or (H, W, 3) blue, green, red; 0 where transparent.

    Raises:
        InputError: See :func:`decode_picture`.
    """
    picture = read_picture(path)
    values = np.ascontiguousarray(picture.values if picture.values.ndim == 2 else picture.values[..., ::-1])
    if picture.alpha is not None:
        values[picture.alpha == 0] = 0
    return values


def read_picture(path: str | Path, convert: bool = True) -> Picture:
    """Read and decode an image file; see :func:`decode_picture`."""
    return decode_picture(read_bytes(path, 'an image'), path, convert)


def image_size(path: str | Path) -> tuple[int, int]:
    """(w, h) of the upright image in pixels, from its header; InputError if it cannot be read."""
    with reading(path, 'an image'), Path(path).open('rb') as file:
        header = read_header(file)
        file.seek(0)
        orientation = as_orientation(_orientation(file, header.format))
    return (header.height, header.width) if swaps_sides(orientation) else (header.width, header.height)


def _orientation(file: BinaryIO, kind: str) -> object:
    if kind == 'TIFF':
        from mmsight.raster_values import ORIENTATION, read_tags
        return read_tags(file).get(ORIENTATION)
    return exif_orientation(io.BytesIO(file.read()) if kind == 'WEBP' else file)


def exif_orientation(file: BinaryIO) -> object:
    """What the EXIF data before the pixels of a PNG, JPEG or WebP say of its orientation; None if nothing."""
    opened = _header(file)
    return opened.getexif().get(Base.Orientation) if opened is not None and 'exif' in opened.info else None


def decode_picture(content: bytes, path: str | Path, convert: bool = True) -> Picture:
    """Decode an image, found by its content.

    Args:
        content (bytes): The file's content.
        path (str | Path): Where it came from, for the error.
        convert (bool): Bring colours to sRGB by the embedded profile; else they keep it. CMYK always becomes sRGB.

    Raises:
        InputError: If it is damaged, of a format that is not read, or its values mean nothing that can be shown.
    """
    if _is_raster(content):
        return _decode_raster(content, Path(path))
    stored = decode_image(content, path)
    with reading(path, 'an image'):
        return _resolved(stored, content, convert)


def _resolved(stored: np.ndarray, content: bytes, convert: bool) -> Picture:
    """What OpenCV has decoded, with what Pillow reads of the header."""
    header = _header(content)
    if header is None:
        return _split(stored, '', ())
    facts = _Facts.of(header, content)
    if facts.mode == 'CMYK':  # OpenCV knows of no profiles, and Adobe stores ink inverted, which Pillow knows
        values, done = to_srgb(np.asarray(header), 'CMYK', facts.profile)
        picture = Picture(values, done=(str(done), ))
    else:
        picture = _split(stored, facts.mode, facts.key)
        if facts.profile and not convert:
            picture = picture._replace(profile=facts.profile)
        elif facts.profile:
            picture = _to_srgb(picture, facts.profile)
    if facts.mode in ('P', 'PA'):
        picture = picture._replace(done=(*picture.done, 'colours are those of its table'))
    if facts.frames > 1:
        picture = picture._replace(doubts=(f'it has {facts.frames} frames, of which the first is read', ))
    return _turned(picture, facts.orientation)


class _Facts(NamedTuple):
    """What Pillow reads of a header."""

    mode: str
    orientation: int
    profile: bytes | None
    key: tuple[int, ...]
    frames: int

    @classmethod
    def of(cls, header: ImageFile.ImageFile, content: bytes) -> '_Facts':
        # a PNG's EXIF may stand behind its pixels, which Pillow would decode to look for it
        known = header.format != 'PNG' or b'eXIf' in content
        try:
            orientation = as_orientation(header.getexif().get(Base.Orientation, 1)) if known else 1
        except Exception:  # Pillow raises many kinds, and the pixels were read
            orientation = 1
        key = header.info.get('transparency', ()) if header.mode in ('1', 'L', 'I', 'I;16', 'RGB') else ()
        return cls(header.mode, orientation, header.info.get('icc_profile'), (key, ) if isinstance(key, int) else tuple(key),
                   getattr(header, 'n_frames', 1))


def _header(source: bytes | BinaryIO) -> ImageFile.ImageFile | None:
    """Pillow's view of a file that OpenCV has decoded; None where Pillow finds fault with it.

    ``Image.open`` would refuse large ones.
    """
    makers = {b'\x89P': PngImagePlugin.PngImageFile, b'\xff\xd8': JpegImagePlugin.jpeg_factory,
              b'BM': BmpImagePlugin.BmpImageFile, b'RI': WebPImagePlugin.WebPImageFile}
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        start = file.read(2)
        file.seek(0)
        return makers[start](file, '')
    except Exception:  # Pillow raises many kinds
        return None


def _split(stored: np.ndarray, mode: str, key: tuple[int, ...]) -> Picture:
    """Colour and alpha of what OpenCV has decoded: (H, W), or (H, W, channels) with blue first."""
    image = stored[..., None] if stored.ndim == 2 else stored
    alpha = image[..., -1] if image.shape[2] in (2, 4) else None
    grey = image.shape[2] < 3 or mode in ('1', 'L', 'LA', 'I', 'I;16', 'I;16B')
    values = image[..., 0] if grey else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # as it does with a fourth channel
    if mode == 'RGB' and not key:  # the fourth byte of a BMP's pixel means nothing
        alpha = None
    if key and alpha is None:
        same = values == np.array(key, np.int64) if grey else (values == np.array(key, np.int64)).all(axis=2)
        alpha = np.where(same, 0, np.iinfo(values.dtype).max).astype(values.dtype)
    return Picture(np.ascontiguousarray(values), None if alpha is None or _opaque(alpha) else np.ascontiguousarray(alpha))


def _opaque(alpha: np.ndarray) -> bool:
    return bool((alpha == (np.iinfo(alpha.dtype).max if alpha.dtype.kind == 'u' else 1)).all())


def _to_srgb(picture: Picture, profile: bytes) -> Picture:
    values, done = to_srgb(picture.values, 'L' if picture.values.ndim == 2 else 'RGB', profile)
    return picture._replace(values=values, done=(done, ) if done else ())


def _turned(picture: Picture, orientation: int) -> Picture:
    if orientation == 1:
        return picture
    values, alpha = (None if part is None else np.ascontiguousarray(upright(part, orientation))
                     for part in (picture.values, picture.alpha))
    assert values is not None
    return picture._replace(values=values, alpha=alpha, orientation=orientation,
                            done=(*picture.done, f'turned upright from orientation {orientation}'))


def _is_raster(content: bytes) -> bool:
    from mmsight.rasters import is_raster  # GDAL is needed for rasters alone
    return is_raster(content[:12])


def _decode_raster(content: bytes, path: Path) -> Picture:
    from mmsight.raster_values import Raster
    raster = Raster(path, content=content)
    values, valid = raster.read(0, 0, raster.width, raster.height)
    alpha = raster.alpha(0, 0, raster.width, raster.height)
    if alpha is None and not valid.all():
        most = np.iinfo(values.dtype).max if values.dtype.kind in 'iu' else 1
        alpha = np.where(valid, most, 0).astype(values.dtype)
    raster.close()
    image = values[0] if len(values) == 1 else values.transpose(1, 2, 0)
    return Picture(np.ascontiguousarray(image), None if alpha is None or _opaque(alpha) else alpha, raster.orientation, None,
                   tuple(raster.done), tuple(raster.doubts))
