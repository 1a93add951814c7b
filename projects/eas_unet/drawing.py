"""Pictures: contours on slices, one montage a case, box plots over cases. Truth is green, prediction red."""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from matplotlib.figure import Figure

from mmsight.images import figure_to_array

T = TypeVar('T')
GREEN, RED = (60, 220, 60), (255, 60, 60)


def draw_contours(image: np.ndarray, truth: np.ndarray | None, predicted: np.ndarray | None, height: int = 256) -> np.ndarray:
    """Draw the outlines of two masks.

    Args:
        image (np.ndarray): uint8 (H, W).
        truth (np.ndarray, optional): Bool (H, W), drawn green.
        predicted (np.ndarray, optional): Bool (H, W), drawn red on top.
        height (int): Rows of the picture. Defaults to 256.

    Returns:
        np.ndarray: uint8 RGB (height, width, 3), of the slice's proportions.
    """
    size = round(image.shape[1] * height / image.shape[0]), height
    picture = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2RGB)
    for mask, colour in ((truth, GREEN), (predicted, RED)):
        if mask is not None:
            scaled = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            outlines, _ = cv2.findContours(scaled, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, outlines, -1, colour, 1)
    return picture


def spread(indices: Sequence[T], count: int) -> list[T]:
    """At most ``count`` of the items, evenly spread."""
    if len(indices) <= count:
        return list(indices)
    return [indices[i] for i in np.linspace(0, len(indices) - 1, count).round().astype(int)]


def tile(pictures: Sequence[np.ndarray], columns: int = 4) -> np.ndarray:
    """Set pictures of one size in rows; missing ones are black."""
    columns = min(columns, len(pictures))
    blank = np.zeros_like(pictures[0])
    rows = [list(pictures[i:i + columns]) for i in range(0, len(pictures), columns)]
    rows[-1] += [blank] * (columns - len(rows[-1]))
    return np.vstack([np.hstack(row) for row in rows])


def draw_box_plot(rows: Sequence[dict]) -> np.ndarray:
    """Spread over cases of the overlap and of the finite distances: uint8 RGB (480, 960, 3)."""
    figure = Figure(figsize=(8, 4), dpi=120, layout='constrained')
    left, right = figure.subplots(1, 2)
    overlaps = ['DSC', 'precision', 'recall', 'VOE']
    left.boxplot([[row[name] for row in rows] for name in overlaps], tick_labels=overlaps)
    distances = [name for name in rows[0] if name.startswith(('ASSD', 'HD'))]
    right.boxplot([[row[name] for row in rows if np.isfinite(row[name])] for name in distances], tick_labels=distances)
    left.set_title(f'{len(rows)} cases')
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure_to_array(figure)
