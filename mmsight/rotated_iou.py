"""Exact overlaps of rotated boxes (cx, cy, w, h, angle), in pixels and radians, clockwise with y down."""

import numpy as np
import shapely


def corners(boxes: np.ndarray) -> np.ndarray:
    """Corners (n, 4, 2) of boxes (n, 5), clockwise with y down, in double precision."""
    cx, cy, w, h, angle = np.asarray(boxes, dtype=float).reshape(-1, 5).T
    x, y = np.array([-.5, .5, .5, -.5])[:, None] * w, np.array([-.5, -.5, .5, .5])[:, None] * h
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=-1).transpose(1, 0, 2)


def polygon_overlaps(first: np.ndarray, second: np.ndarray, over_first: bool = False) -> np.ndarray:
    """Element-wise IoU of polygons, or intersection over the area of ``first``; 0 where that area is 0."""
    shared = shapely.area(shapely.intersection(first, second))
    whole = shapely.area(first) if over_first else shapely.area(first) + shapely.area(second) - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def rotated_iou(first: np.ndarray, second: np.ndarray, over_first: bool = False) -> np.ndarray:
    """IoU (n, m) of boxes (n, 5) with boxes (m, 5), or intersection over the area of the first.

    Only pairs whose upright extents meet are intersected.
    """
    ours, theirs = shapely.polygons(corners(first)), shapely.polygons(corners(second))
    i, j = shapely.STRtree(theirs).query(ours)
    matrix = np.zeros((len(ours), len(theirs)))
    matrix[i, j] = polygon_overlaps(ours[i], theirs[j], over_first)
    return matrix
