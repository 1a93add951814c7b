"""What makes an upright box of an annotation file unusable, and what is made of one that reaches over its image."""

import math
from collections.abc import Sequence

from mmsight.box_dataset import Notes
from mmsight.errors import InputError


def fit_box(box: Sequence[float], width: float, height: float, where: str, notes: Notes, tolerance: float = 1) -> list[float]:
    """A box [x1, y1, x2, y2] in pixels, clipped if it reaches over the border of its image, with a note.

    Args:
        box (Sequence[float]): The box.
        width (float): Of the image, in pixels.
        height (float): Of the image, in pixels.
        where (str): Begins the error: file, and object or line.
        notes (Notes): Takes the note.
        tolerance (float): Pixels that a box may reach over the border without being touched; 1, since VOC counts pixels from 1.

    Raises:
        InputError: If it is not finite, is reversed or empty, or less than half of it lies in the image.
    """
    if not all(math.isfinite(value) for value in box):
        raise InputError(f'{where}: the box {list(box)} is not finite')
    if box[2] < box[0] or box[3] < box[1]:
        raise InputError(f'{where}: the box {list(box)} is reversed (x1 > x2 or y1 > y2)')
    if box[2] == box[0] or box[3] == box[1]:
        raise InputError(f'{where}: the box {list(box)} has no area')
    x1, y1, x2, y2 = box
    if min(x1, y1) >= -tolerance and x2 <= width + tolerance and y2 <= height + tolerance:
        return list(box)
    clipped = [max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)]
    inside = max(clipped[2] - clipped[0], 0) * max(clipped[3] - clipped[1], 0)
    if inside < 0.5 * (x2 - x1) * (y2 - y1):
        raise InputError(f'{where}: the box {list(box)} lies outside its image of {width:g} x {height:g} pixels')
    notes.change(f'{where}: the box {list(box)} reaches over its image of {width:g} x {height:g} pixels', 'it is clipped')
    return clipped
