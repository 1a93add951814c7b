"""Mutual nearest neighbours of two sets of descriptors, and the homography that their matches agree on."""

import cv2
import numpy as np
import torch
from torch import Tensor


def mutual_nearest(first: Tensor, second: Tensor, chunk: int = 1024) -> Tensor:
    """Pairs of descriptors each of which is the other's nearest by Euclidean distance.

    One matrix product gives both directions: with two more dimensions, ``a b - |a|^2 / 2 - |b|^2 / 2 = -|a - b|^2 / 2``. Among
    equally near ones the first counts. Whole numbers below 4096 in length (SIFT, bits) are compared exactly.

    Args:
        first (Tensor): (n, D).
        second (Tensor): (m, D).
        chunk (int): Rows of the similarity matrix that are held at a time: memory is chunk x m floats.

    Returns:
        Tensor: (k, 2), indices into both, by rising first index.
    """
    if not len(first) or not len(second):
        return torch.zeros(0, 2, dtype=torch.long, device=first.device)
    a, b = _augment(first.float(), swap=False), _augment(second.float(), swap=True).T.contiguous()
    row_best, row_index, column_best = [], [], a.new_full((len(second), ), -torch.inf)
    for rows in a.split(chunk):
        similarity = rows @ b
        best, index = similarity.max(dim=1)
        row_best.append(best)
        row_index.append(index)
        column_best = torch.maximum(column_best, similarity.amax(dim=0))
    best, index = torch.cat(row_best), torch.cat(row_index)
    mutual = (best == column_best[index]).nonzero()[:, 0]
    pairs = torch.stack([mutual, index[mutual]], dim=1)
    # of several equal firsts for one second keep the first
    order = torch.argsort(pairs[:, 1], stable=True)
    ranked = pairs[order]
    fresh = torch.ones(len(ranked), dtype=torch.bool, device=pairs.device)
    fresh[1:] = ranked[1:, 1] != ranked[:-1, 1]
    return pairs[order[fresh].sort().values]


def _augment(values: Tensor, swap: bool) -> Tensor:
    half = values.square().sum(dim=1, keepdim=True) / -2
    one = torch.ones_like(half)
    return torch.cat([values, one, half] if swap else [values, half, one], dim=1)


def estimate_homography(first: np.ndarray, second: np.ndarray, threshold: float = 3.0) -> np.ndarray | None:
    """The homography (3, 3) from matched points (n, 2) by MAGSAC with a fixed seed; None if fewer than four agree."""
    if len(first) < 4:
        return None
    cv2.setRNGSeed(0)
    homography, _ = cv2.findHomography(first.astype(np.float64), second.astype(np.float64), cv2.USAC_MAGSAC, threshold,
                                       maxIters=10000, confidence=0.9999)
    return homography if homography is not None and np.isfinite(homography).all() else None


def corner_error(found: np.ndarray | None, truth: np.ndarray, height: int, width: int) -> float:
    """Mean distance in pixels between the image's corners under both homographies; infinite if none was found."""
    if found is None:
        return float('inf')
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=np.float64)
    with np.errstate(divide='ignore', invalid='ignore'):
        places = [cv2.perspectiveTransform(corners[None], matrix)[0] for matrix in (found, truth)]
    error = float(np.linalg.norm(places[0] - places[1], axis=1).mean())
    return error if np.isfinite(error) else float('inf')


def error_auc(errors: np.ndarray, threshold: float) -> float:
    """Area under the share of errors below x, for x from 0 to ``threshold``, divided by it: in [0, 1]."""
    return float(np.clip(1 - np.asarray(errors, dtype=np.float64) / threshold, 0, 1).mean()) if len(errors) else 0.0


def image_corners(size: tuple[int, int]) -> np.ndarray:
    """Outer corners (4, 2) of an image of (H, W), clockwise from the first pixel's."""
    height, width = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5


def move_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Points (n, 2) moved by a homography."""
    return cv2.perspectiveTransform(points[None].astype(np.float64), homography)[0] if len(points) else points


def worst_corner(first: np.ndarray, second: np.ndarray, size: tuple[int, int]) -> float:
    """Largest distance in pixels between an image's corners under two homographies."""
    corners = image_corners(size)
    return float(np.linalg.norm(move_points(corners, first) - move_points(corners, second), axis=1).max())
