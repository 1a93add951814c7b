"""Rotated boxes of annotation files: [cx, cy, w, h, angle], pixels and radians, clockwise with y down."""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from mmsight.errors import InputError


def check_rotated_box(box: Sequence[float], width: float, height: float, where: str, degrees: bool = False) -> None:
    """Refuse a rotated box that is not finite or empty, turns by more than a circle, or lies wholly outside its image.

    Ships that the image's border cuts keep their whole box, so that a box may reach over the border.

    Args:
        box (Sequence[float]): cx, cy, w, h, angle.
        width (float): Of the image, in pixels.
        height (float): Of the image, in pixels.
        where (str): Begins the error: file, and object or line.
        degrees (bool): The angle is in degrees, not in radians, and so is the error's: what the file says. Defaults to False.

    Raises:
        InputError: If it is one of these.
    """
    shown = '[' + ', '.join(f'{value:g}' for value in box) + ']'
    if not all(math.isfinite(value) for value in box):
        raise InputError(f'{where}: the rotated box {shown} is not finite')
    cx, cy, w, h, angle = box
    if w <= 0 or h <= 0:
        raise InputError(f'{where}: the rotated box {shown} has a width or height that is not positive')
    if degrees:
        if abs(angle) > 360:
            raise InputError(f'{where}: the angle {angle:g} of the rotated box must be in degrees, within 360')
        angle = math.radians(angle)
    elif abs(angle) > 2 * math.pi:
        raise InputError(f'{where}: the angle {angle:g} of the rotated box must be in radians, within 2 pi; '
                         'it looks like degrees')
    reach_x = (abs(w * math.cos(angle)) + abs(h * math.sin(angle))) / 2
    reach_y = (abs(w * math.sin(angle)) + abs(h * math.cos(angle))) / 2
    if cx + reach_x <= 0 or cy + reach_y <= 0 or cx - reach_x >= width or cy - reach_y >= height:
        raise InputError(f'{where}: the rotated box {shown} lies outside its image of {width:g} x {height:g} pixels')


def fit_rotated_box(points: Sequence[Sequence[float]] | np.ndarray) -> list[float]:
    """The smallest rotated box around points (n, 2): cx, cy, w, h with w >= h, angle in [-pi/2, pi/2).

    Exact for the corners of a rectangle; the angle is computed from the corners, since OpenCV's has changed between versions.
    """
    outline = shapely.get_coordinates(shapely.oriented_envelope(shapely.multipoints(np.asarray(points, dtype=float))))
    if len(outline) < 5:  # a point or a line
        low, high = np.min(points, axis=0), np.max(points, axis=0)
        return [*((low + high) / 2), float(np.hypot(*(high - low))), 0.0, 0.0]
    sides = np.diff(outline[:3], axis=0)
    lengths = np.hypot(*sides.T)
    x, y = sides[lengths.argmax()]
    angle = (math.atan2(y, x) + math.pi / 2) % math.pi - math.pi / 2
    return [*outline[:4].mean(axis=0).tolist(), float(lengths.max()), float(lengths.min()), angle]
