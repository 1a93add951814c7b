"""Decode image files, with one clear sentence for a file that cannot be read."""

from pathlib import Path

import cv2
import numpy as np

from mmsight.errors import InputError


def read_image(path: str | Path) -> np.ndarray:
    """Decode an image as it is stored.

    Returns:
        np.ndarray: (H, W) or (H, W, channels), of the file's own dtype.

    Raises:
        InputError: If the file is missing, empty, truncated or no image.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f'{path}: the image cannot be read: {error.strerror}') from error
    if not content:
        raise InputError(f'{path}: the image file is empty (0 bytes)')
    # OpenCV fills what a truncated JPEG or PNG lacks with grey; both formats end in a marker
    cut = (content[:2] == b'\xff\xd8' and b'\xff\xd9' not in content[-64:]) or \
        (content[:4] == b'\x89PNG' and b'IEND' not in content[-64:])
    if cut:
        raise InputError(f'{path}: the image file is truncated: its end marker is missing')
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise InputError(f'{path}: the file is damaged or no image ({len(content)} bytes)')
    return image
