"""Warn where an image is far from what a model was trained on: the facts are in the model's ``dataset_meta``."""

from collections.abc import Mapping
from typing import Any


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
    return [f'{name}: the longer side has {max(width, height)} pixels, and the images that the model was trained on had '
            f'{low:g} to {high:g}: expect worse results']


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
    modality = f" ({trained['modality']})" if 'modality' in trained else ''
    found, wanted = ('in colour', 'grey') if coloured else ('grey', 'colour')
    return [f'{name}: the image is {found}, and the model was trained on {wanted} images{modality}: expect worse results']
