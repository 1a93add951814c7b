"""Read high- and low-resolution images: 8-bit RGB, whatever the file holds, with one clear sentence for what cannot be used."""

from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio

from mmsight.errors import InputError
from mmsight.images import to_8_bits
from mmsight.pictures import Picture, decode_picture
from mmsight.registry import TRANSFORMS


def to_rgb8(picture: Picture, path: str) -> np.ndarray:
    """Bring an image to uint8 (H, W, 3) RGB.

    Grey becomes three equal channels, 16 bits become 8 by division by 257. Alpha is dropped where it is opaque.

    Args:
        picture (Picture): As :func:`mmsight.pictures.decode_picture` returns it.
        path (str): For the error.

    Raises:
        InputError: If there are transparent pixels, or the pixels are neither 8 nor 16 bits of integer.
    """
    image = to_8_bits(picture.values)
    if image.dtype != np.uint8:
        raise InputError(f'{path}: the pixels are {image.dtype}; convert the image to 8 or 16 bits')
    if picture.alpha is not None:
        raise InputError(f'{path}: the image has transparent pixels; flatten it onto a background first')
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image


def load_rgb(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read an image through mmengine's file backends.

    Args:
        path (str): Path or URI; the file's stem is the key in an LMDB.
        backend_args (dict, optional): e.g. ``dict(backend='lmdb', db_path='train.lmdb')``.

    Returns:
        np.ndarray: uint8 (H, W, 3), RGB.

    Raises:
        InputError: If it cannot be read or used.
    """
    lmdb = backend_args is not None and backend_args.get('backend') == 'lmdb'
    try:
        content = fileio.get(Path(path).stem if lmdb else path, backend_args)
    except OSError as error:
        raise InputError(f'{path}: the image cannot be read: {error.strerror or error}') from error
    if content is None and backend_args is not None:
        raise InputError(f"{path}: the LMDB {backend_args['db_path']} has no key '{Path(path).stem}'")
    return to_rgb8(decode_picture(bytes(content), path), path)


@TRANSFORMS.register_module()
class LoadImagePair(BaseTransform):
    """Load ``gt_path`` as ``gt`` and, where the dataset names one, ``img_path`` as ``img``: uint8 RGB.

    Args:
        backend_args (dict, optional): See :func:`load_rgb`.

    Raises:
        InputError: If a file cannot be used, or the high-resolution image is not ``scale`` times as large as the other.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Read the files that ``results`` names."""
        for key in ('gt', 'img'):
            if f'{key}_path' in results:
                results[key] = load_rgb(results[f'{key}_path'], self.backend_args)
                results[f'{key}_channel_order'], results[f'{key}_color_type'] = 'rgb', 'color'
        if 'img' in results:
            (high, wide), (low, narrow), scale = results['gt'].shape[:2], results['img'].shape[:2], results['scale']
            if (high, wide) != (scale * low, scale * narrow):
                raise InputError(f"{results['gt_path']} is {wide} x {high} and {results['img_path']} {narrow} x {low} (w x h): "
                                 f'the first must be {scale} times the second')
        return results
