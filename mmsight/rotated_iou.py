"""Exact overlaps of rotated boxes (cx, cy, w, h, angle), in pixels and radians, clockwise with y down."""

import numpy as np
import shapely


def corners(boxes: np.ndarray) -> np.ndarray:
    """Corners (n, 4, 2) of boxes (n, 5), clockwise with y down, in double precision."""
    cx, cy, w, h, angle = np.asarray(boxes, dtype=float).reshape(-1, 5).T
    x, y = np.array([-.5, .5, .5, -.5])[:, None] * w, np.array([-.5, -.5, .5, .5])[:, None] * h
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=-1).transpose(1, 0, 2)


def shared_area(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Area (n, ) of the element-wise intersection of rectangles, given by their corners (n, 4, 2) as :func:`corners` has them.

    Green's theorem: the boundary of an intersection is what lies of each outline inside the other, and half the sum of the
    cross products of its segments is the area, in whatever order they come.
    """
    centre = first.mean(axis=1, keepdims=True)
    first, second = first - centre, second - centre
    return np.maximum(_boundary(first, second, True) + _boundary(second, first, False), 0)


def _boundary(ours: np.ndarray, theirs: np.ndarray, shared: bool) -> np.ndarray:
    """What the part of the outlines of ``ours`` inside ``theirs`` adds to the area; ``shared``: and that along their sides."""
    start, side = ours, np.roll(ours, -1, axis=1) - ours
    edge = np.roll(theirs, -1, axis=1) - theirs
    # of each start to each edge of theirs, times its length: positive inside; and how it changes along the side
    depth = _cross(edge[:, None], start[:, :, None] - theirs[:, None])
    change = _cross(edge[:, None], side[:, :, None])
    lengths = np.linalg.norm(side, axis=2)[:, :, None], np.linalg.norm(edge, axis=2)[:, None]
    parallel = np.abs(change) <= 1e-7 * lengths[0] * lengths[1]
    on_edge = np.abs(depth) <= 1e-7 * lengths[0] * lengths[1]
    with np.errstate(divide='ignore', invalid='ignore'):
        crossing = -depth / change
    enter = np.where(~parallel & (change > 0), crossing, 0).max(axis=2, initial=0)
    leave = np.where(~parallel & (change < 0), crossing, 1).min(axis=2, initial=1)
    same_way = (edge[:, None] * side[:, :, None]).sum(axis=-1) > 0
    outside = parallel & np.where(on_edge, same_way & (not shared), depth < 0)
    part = np.where(outside.any(axis=2), 0, np.maximum(leave - enter, 0))
    return (part * _cross(start, side)).sum(axis=1) / 2


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


def pair_overlaps(first: np.ndarray, second: np.ndarray, over_first: bool = False) -> np.ndarray:
    """Element-wise IoU (n, ) of boxes (n, 5), or intersection over the area of the first; 0 where that area is 0."""
    shared = shared_area(corners(first), corners(second))
    areas = (np.abs(boxes[:, 2] * boxes[:, 3]) for boxes in (first, second))
    whole = next(areas) if over_first else sum(areas) - shared
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
