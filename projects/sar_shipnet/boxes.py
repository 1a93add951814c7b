"""What makes a box of an annotation file unusable."""

import math
from collections.abc import Sequence

from mmsight.errors import InputError


def check_box(box: Sequence[float], width: float, height: float, where: str, tolerance: float = 1) -> None:
    """Refuse a box [x1, y1, x2, y2] in pixels that is not finite, is reversed or empty, or lies outside its image.

    Args:
        box (Sequence[float]): The box.
        width (float): Of the image, in pixels.
        height (float): Of the image, in pixels.
        where (str): Begins the error: file, and object or line.
        tolerance (float): Pixels that a box may reach over the border; 1, since VOC counts pixels from 1.

    Raises:
        InputError: If it is one of these.
    """
    if not all(math.isfinite(value) for value in box):
        raise InputError(f'{where}: the box {list(box)} is not finite')
    if box[2] < box[0] or box[3] < box[1]:
        raise InputError(f'{where}: the box {list(box)} is reversed (x1 > x2 or y1 > y2)')
    if box[2] == box[0] or box[3] == box[1]:
        raise InputError(f'{where}: the box {list(box)} has no area')
    if min(box[:2]) < -tolerance or box[2] > width + tolerance or box[3] > height + tolerance:
        raise InputError(f'{where}: the box {list(box)} lies outside its image of {width:g} x {height:g} pixels')
