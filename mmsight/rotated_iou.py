"""Exact overlaps of rotated boxes (cx, cy, w, h, angle), in pixels and radians, clockwise with y down."""

import numpy as np
import shapely


def corners(boxes: np.ndarray) -> np.ndarray:
    """Corners (n, 4, 2) of boxes (n, 5), clockwise with y down, in double precision."""
    cx, cy, w, h, angle = np.asarray(boxes, dtype=float).reshape(-1, 5).T
    x, y = np.array([-.5, .5, .5, -.5])[:, None] * w, np.array([-.5, -.5, .5, .5])[:, None] * h
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=-1).transpose(1, 0, 2)


def from_upright(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 5) of upright ones (n, 4), x1, y1, x2, y2; those with five values stay."""
    if boxes.shape[-1] == 5:
        return boxes
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([(low + high) / 2, high - low, np.zeros((len(boxes), 1))], axis=1)


def pair_overlaps(first: np.ndarray, second: np.ndarray, over_first: bool = False) -> np.ndarray:
    """Element-wise IoU (n, ) of boxes (n, 5), or intersection over the area of the first; 0 where that area is 0."""
    ours, theirs = shapely.polygons(corners(first)), shapely.polygons(corners(second))
    shared = shapely.area(shapely.intersection(ours, theirs))
    whole = shapely.area(ours) if over_first else shapely.area(ours) + shapely.area(theirs) - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def extents(boxes: np.ndarray) -> np.ndarray:
    """Upright boxes (n, 4), x1, y1, x2, y2, around rotated ones (n, 5)."""
    cx, cy, w, h, angle = boxes.T
    cos, sin = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    x, y = (w * cos + h * sin) / 2, (w * sin + h * cos) / 2
    return np.stack([cx - x, cy - y, cx + x, cy + y], axis=1)


def meeting_pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the pairs of boxes (n, 5) and (m, 5) whose upright extents meet."""
    tree = shapely.STRtree(shapely.box(*extents(second).T))
    return tuple(tree.query(shapely.box(*extents(first).T)))


def rotated_iou(first: np.ndarray, second: np.ndarray, over_first: bool = False) -> np.ndarray:
    """IoU (n, m) of boxes (n, 5) with boxes (m, 5), or intersection over the area of the first.

    Only pairs whose upright extents meet are intersected.
    """
    first, second = (np.asarray(boxes, dtype=float).reshape(-1, 5) for boxes in (first, second))
    i, j = meeting_pairs(first, second)
    matrix = np.zeros((len(first), len(second)))
    matrix[i, j] = pair_overlaps(first[i], second[j], over_first)
    return matrix
