"""Images that are stored lying on a side: the eight orientations of TIFF's tag and of EXIF."""

import numpy as np

_TURNS = {1: (False, False, False), 2: (False, True, False), 3: (False, True, True), 4: (False, False, True),
          5: (True, False, False), 6: (True, True, False), 7: (True, True, True), 8: (True, False, True)}
"""Orientation to what makes the image upright: swap rows and columns, then mirror each row, then each column."""


def as_orientation(value: object) -> int:
    """What a file says, or 1, upright, where that is none of the eight."""
    return value if isinstance(value, int) and value in _TURNS else 1


def swaps_sides(orientation: int) -> bool:
    """Whether width and height of the upright image are height and width of the stored one."""
    return _TURNS[orientation][0]


def upright(image: np.ndarray, orientation: int, rows: int = 0) -> np.ndarray:
    """A view of a stored image (..., H, W, ...) whose axis of rows is ``rows``, and the next that of columns, upright."""
    swap, mirror, flip = _TURNS[orientation]
    if swap:
        image = image.swapaxes(rows, rows + 1)
    axes = [axis for axis, turned in ((rows + 1, mirror), (rows, flip)) if turned]
    return np.flip(image, axes) if axes else image


def stored_window(x: int, y: int, width: int, height: int, size: tuple[int, int],
                  orientation: int) -> tuple[int, int, int, int]:
    """Where a window of the upright image, whose ``size`` is (w, h), is stored: x, y, width, height."""
    swap, mirror, flip = _TURNS[orientation]
    x, y = size[0] - x - width if mirror else x, size[1] - y - height if flip else y
    return (y, x, height, width) if swap else (x, y, width, height)


def stored_matrix(size: tuple[int, int], orientation: int) -> np.ndarray:
    """The matrix (3, 3) from places (x, y) in the upright image, whose ``size`` is (w, h), to places in the stored one."""
    swap, mirror, flip = _TURNS[orientation]
    matrix = np.array([[-1.0 if mirror else 1, 0, size[0] * mirror], [0, -1.0 if flip else 1, size[1] * flip], [0, 0, 1]])
    return matrix[[1, 0, 2]] if swap else matrix
