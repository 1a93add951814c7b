"""Decode image files, with one clear sentence for a file that cannot be read."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mmsight.errors import InputError
from mmsight.image_header import ImageHeader, read_header
from mmsight.memory import check_memory
from mmsight.reading import reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PIXELS = 2**30
"""What OpenCV decodes at most."""
WORKING = 3
"""Copies of an image that its reader and what follows hold at once."""
_NEUTRAL = 128
"""What a decoder fills the rest of a JPEG with whose data end early."""


def decode_image(content: bytes, path: str | Path) -> np.ndarray:
    """Decode a PNG, JPEG, BMP, TIFF or WebP as it is stored.

    What follows the image in its file, as phones and cameras write it, is not read.

    Args:
        content (bytes): The file's content.
        path (str | Path): Where it came from, for the error.

    Returns:
        np.ndarray: (H, W) or (H, W, channels) in OpenCV's order (BGR, BGRA), of the file's own dtype.

    Raises:
        InputError: If the content is empty, cut, damaged or of another format, or takes more memory than is allowed.
    """
    if not content:
        raise InputError(f'{path}: the image file is empty (0 bytes)')
    with reading(path, 'an image'):
        # OpenCV reads more formats, whose size is not known beforehand
        header = read_header(io.BytesIO(content))
        check_size(path, header)
        still = _still(content, path) if header.format == 'PNG' else content
        image = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or (header.format == 'JPEG' and _may_end_early(image, header) and _ends_early(content)):
        raise InputError(f'{path}: the file is damaged or cut: not all of its {header.width} x {header.height} pixels can be '
                         'decoded')
    return image


def _still(png: bytes, path: str | Path) -> bytes:
    """A PNG as OpenCV may have it: it takes what a chunk claims of memory, up to 2 GB, and crashes over damaged animations.

    Raises:
        InputError: If a chunk is longer than the file.
    """
    kept, place, name = [png[:8]], 8, b''
    while place < len(png) and name != b'IEND':
        name, end = png[place + 4:place + 8], place + 12 + int.from_bytes(png[place:place + 4], 'big')
        if end > len(png):
            raise InputError(f'{path}: the file is damaged or cut: it ends within one of its chunks')
        if name not in (b'acTL', b'fcTL', b'fdAT'):
            kept.append(png[place:end])
        place = end
    return b''.join(kept) if b'acTL' in png else png


def check_size(path: str | Path, header: ImageHeader) -> None:
    """Refuse an image that OpenCV cannot decode in one piece, or whose decoding takes more memory than is allowed."""
    pixels, shown = header.width * header.height, f'an image of {header.width} x {header.height} pixels'
    check_memory(path, WORKING * pixels * header.pixel_bytes, shown)
    if pixels > MOST_PIXELS:
        raise InputError(f'{path}: {shown} is more than the {MOST_PIXELS} that can be decoded at once: cut it into parts')


def _may_end_early(image: np.ndarray, header: ImageHeader) -> bool:
    """Whether a decoded JPEG looks as one does whose data end early: its last block is what decoders fill in.

    Of a progressive one, and of one in four colours, that cannot be seen.
    """
    return header.coding not in (0xC0, 0xC1) or header.pixel_bytes == 4 or bool((image[-1:, -8:] == _NEUTRAL).all())


def _ends_early(content: bytes) -> bool:
    """Whether a JPEG's data end before its pixels do: OpenCV and Pillow keep that to themselves, GDAL tells it if asked."""
    import rasterio  # not at the top: few images need it
    with rasterio.Env(GDAL_ERROR_ON_LIBJPEG_WARNING=True), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of images without georeference
        try:
            with rasterio.MemoryFile(content) as memory, memory.open(driver='JPEG') as file:
                file.read()
        except rasterio.errors.RasterioError as error:
            return 'premature end' in str(error.__cause__ or error)
    return False


def scale_to_8_bits(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map ``low`` to 0 and ``high`` to 255, linearly, and clip: uint8. NaN becomes 0."""
    scaled = image.astype(np.float32)  # a copy, which the following changes in place
    scaled -= low
    scaled *= 255 / max(high - low, 1e-12)
    np.fmax(scaled, 0, out=scaled)  # of 0 and NaN it is 0
    np.minimum(scaled, 255, out=scaled)
    return np.rint(scaled, out=scaled).astype(np.uint8)


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """16 bits as 8 by their whole range, to the nearest value; every other image as it is."""
    return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8) if image.dtype == np.uint16 else image


def figure_to_array(figure: 'Figure') -> np.ndarray:
    """A matplotlib figure as uint8 RGB (H, W, 3), its size in inches times its dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def count_pixels(path: Path) -> int:
    """Pixels of an image from its header; 0 if it cannot be read, which its reader will say."""
    try:
        with reading(path, 'an image'), path.open('rb') as file:
            header = read_header(file)
    except InputError:
        return 0
    return header.width * header.height
