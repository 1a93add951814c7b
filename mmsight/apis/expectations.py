"""Warn where an image is far from what a model was trained on: the facts are in the model's ``dataset_meta``."""

import math
from collections.abc import Mapping
from typing import Any

from mmsight.errors import InputError


def check_metainfo(meta: Mapping[str, Any], where: str) -> None:
    """Refuse what a data set says of its images if it is not what the detection of scenes makes of it.

    Args:
        meta (Mapping[str, Any]): ``gsd``, smallest and largest metres a pixel, and ``image_side``, the longer side of images in
            pixels; each may be absent or None.
        where (str): Begins the sentence.

    Raises:
        InputError: If one of both is something else.
    """
    gsd, side = meta.get('gsd'), meta.get('image_side')
    if gsd is not None and not (isinstance(gsd, (tuple, list)) and len(gsd) == 2 and all(map(_is_positive, gsd))
                                and gsd[0] <= gsd[1]):
        raise InputError(f"{where}: metainfo['gsd'] must be the smallest and the largest metres a pixel, such as (1, 15), "
                         f'found {gsd!r}')
    if side is not None and not _is_positive(side):
        raise InputError(f"{where}: metainfo['image_side'] must be the longer side of the images in pixels, found {side!r}")


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 < value < math.inf


def size_warnings(name: str, width: int, height: int, trained: Mapping[str, Any]) -> list[str]:
    """Sentences on an image whose longer side is less than half of the smallest training image's.

    Args:
        name (str): Of the image's file.
        width (int), height (int): In pixels.
        trained (Mapping[str, Any]): ``image_size``, the longer side of the training images in pixels, from and to. Without it,
            nothing is said.
    """
    low, high = trained.get('image_size') or (0, 0)
    if 2 * max(width, height) >= low:
        return []
    sizes = f'{low:g}' if low == high else f'{low:g} to {high:g}'
    return [f'{name}: the longer side has {max(width, height)} pixels, and the images that the model was trained on had '
            f'{sizes}: expect worse results']


def colour_warnings(name: str, coloured: bool, grey: bool, trained: Mapping[str, Any]) -> list[str]:
    """Sentences on a colour image for a model of grey images, or the reverse.

    Args:
        name (str): Of the image's file.
        coloured (bool): Whether the image shows colours.
        grey (bool): Whether the model was trained on one band.
        trained (Mapping[str, Any]): ``modality``, e.g. ``'radar amplitude'``, is named where it is known.
    """
    if coloured != grey:
        return []
    modality = f", namely {trained['modality']}" if 'modality' in trained else ''
    found, wanted = ('in colour', 'grey') if coloured else ('grey', 'colour')
    return [f'{name}: the image is {found}, and the model was trained on {wanted} images{modality}: expect worse results']
