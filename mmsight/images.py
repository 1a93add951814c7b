"""Decode image files, with one clear sentence for a file that cannot be read."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from mmsight.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ('PNG', 'JPEG', 'BMP', 'TIFF', 'WEBP')
"""What is decoded, by content. OpenCV would read more, of which Pillow, which counts pixels beforehand, knows nothing."""
_MAGIC = re.compile(rb'\x89PNG|\xff\xd8|BM|II\*\0|MM\0\*|II\+\0|MM\0\+|RIFF....WEBP', re.DOTALL)


def read_image(path: str | Path) -> np.ndarray:
    """Read and decode an image file; see :func:`decode_image`."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f'{path}: the image cannot be read: {error.strerror}') from error
    return decode_image(content, path)


def decode_image(content: bytes, path: str | Path) -> np.ndarray:
    """Decode an image as it is stored.

    Args:
        content (bytes): The file's content.
        path (str | Path): Where it came from, for the error.

    Returns:
        np.ndarray: (H, W) or (H, W, channels) in OpenCV's order (BGR, BGRA), of the file's own dtype.

    Raises:
        InputError: If the content is empty, truncated or none of :data:`FORMATS`.
    """
    if not content:
        raise InputError(f'{path}: the image file is empty (0 bytes)')
    if not _MAGIC.match(content):
        raise InputError(f"{path}: the file is damaged, or not an image ({len(content)} bytes): {', '.join(FORMATS)} are read")
    # OpenCV fills what a truncated JPEG or PNG lacks with grey; both formats end in a marker
    cut = (content[:2] == b'\xff\xd8' and b'\xff\xd9' not in content[-64:]) or \
        (content[:4] == b'\x89PNG' and b'IEND' not in content[-64:])
    if cut:
        raise InputError(f'{path}: the image file is truncated: its end marker is missing')
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:  # more pixels than OpenCV is allowed
        raise InputError(f'{path}: the image cannot be decoded: {error.err}') from error
    if image is None:
        raise InputError(f'{path}: the file is damaged, or not an image ({len(content)} bytes)')
    return image


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so is one of :data:`FORMATS`."""
    return _MAGIC.match(start) is not None


def scale_to_8_bits(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map ``low`` to 0 and ``high`` to 255, linearly, and clip: uint8. NaN becomes 0."""
    scaled = (np.nan_to_num(image.astype(np.float32), nan=low) - low) / max(high - low, 1e-12)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)


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
        with Image.open(path, formats=FORMATS) as image:  # what is decoded
            return image.width * image.height
    except Image.DecompressionBombError:
        return 2**62
    except Exception:  # Pillow raises many kinds
        return 0
