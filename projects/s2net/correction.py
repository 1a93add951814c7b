"""A transform corrected on the images themselves, which hold more than their keypoints, and how far it can be relied on."""

from typing import NamedTuple

import cv2
import numpy as np
import torch

from .fitting import least_squares_fit
from .matching import move_points, worst_corner
from .phase_congruency import phase_congruency

BLUR = 3.0
"""Deviation in pixels, of the Gaussian that smooths both maps before they are compared."""
BORDER = 20
"""Pixels along borders and nodata that do not count: phase congruency knows no image beyond them."""
BLOCK = 64
"""Side in pixels, of the squares that are dealt to two halves of an image."""
GRID = 16
"""Pixels between the points that stand for an image."""
LARGEST_CORRECTION = 0.05
"""Of a corner, as a share of the first image's diagonal; a larger one is another place, not a correction."""


class Correction(NamedTuple):
    """What the images themselves say of a transform.

    Attributes:
        homography (np.ndarray): (3, 3), corrected.
        correlation (float): Of both images' maps under it, in [-1, 1].
        drift (float): Deviation of the worst corner, in pixels of the second image; infinite where the images do not agree with
            the transform, which is then as it was.
        disagreement (float): How far the correction moves the worst corner, in pixels of the second image.
    """

    homography: np.ndarray
    correlation: float
    drift: float
    disagreement: float = 0.0


def correct_on_images(first: np.ndarray, second: np.ndarray, homography: np.ndarray,
                      masks: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
                      kind: str = 'homography') -> Correction | None:
    """Correct a transform by the images.

    Edges of both images are compared, as their phase congruency shows them in whatever modality: the second map, moved by the
    transform, is aligned with the first one by a correction that maximises their correlation (OpenCV's ECC; Evangelidis
    and Psarakis, PAMI 2008). The same is done on two halves of the image, squares of a chessboard: their two corrections differ
    by about twice the deviation of that of the whole.

    Args:
        first, second (np.ndarray): uint8 RGB (H, W, 3), of any sizes.
        homography (np.ndarray): (3, 3), from the first image to the second, nearly right.
        masks (tuple): Bool (H, W) of each image, False where there is no data, or None.
        kind (str): Of the transform and of its correction, one of :data:`.FREEDOM`.

    Returns:
        Correction: None if the images are too small.
    """
    height, width = first.shape[:2]
    maps, seen = [], []
    for image, mask in zip((first, second), masks, strict=True):
        if min(image.shape[:2]) < 4 * BORDER:
            return None
        grey = torch.from_numpy(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        maps.append(phase_congruency(grey).maximum.numpy().astype(np.float32))
        data = np.ones(image.shape[:2], np.uint8) if mask is None else mask.astype(np.uint8)
        data[[0, -1]], data[:, [0, -1]] = 0, 0
        seen.append(cv2.erode(data, np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8), borderValue=0))
    size, inverse = (width, height), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fixed = cv2.GaussianBlur(maps[0], (0, 0), BLUR)
    moved = cv2.GaussianBlur(cv2.warpPerspective(maps[1], homography, size, flags=inverse), (0, 0), BLUR)
    shared = seen[0] * cv2.warpPerspective(seen[1], homography, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    y, x = np.indices((height, width)) // BLOCK
    found = []
    for part in (shared, shared * ((x + y) % 2), shared * ((x + y + 1) % 2)):
        aligned = _align(fixed, moved, part.astype(np.uint8), kind)
        if aligned is None:
            return Correction(homography, 0.0, float('inf'))
        found.append(aligned)
    (whole, correlation), (one, _), (other, _) = found
    if worst_corner(np.eye(3), whole, (height, width)) > LARGEST_CORRECTION * np.hypot(height, width):
        return Correction(homography, correlation, float('inf'))
    corrected = homography @ whole
    drift = worst_corner(homography @ one, homography @ other, (height, width)) / 2
    return Correction(corrected / corrected[2, 2], correlation, drift, worst_corner(homography, corrected, (height, width)))


def _align(fixed: np.ndarray, moved: np.ndarray, mask: np.ndarray, kind: str) -> tuple[np.ndarray, float] | None:
    """The matrix (3, 3) from the first map to the second, and their correlation; None without convergence."""
    start, motion = (np.eye(3), cv2.MOTION_HOMOGRAPHY) if kind == 'homography' else (np.eye(2, 3), cv2.MOTION_AFFINE)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-5)
    try:
        correlation, found = cv2.findTransformECC(fixed, moved, start.astype(np.float32), motion, criteria, mask, 1)
    except cv2.error:  # nothing in common, or a flat map
        return None
    matrix = np.vstack([found, [[0, 0, 1]]])[:3].astype(np.float64)
    if kind == 'similarity':  # OpenCV has none: the nearest one to the affine transform, over what both images show
        points = GRID * np.argwhere(mask[::GRID, ::GRID])[:, ::-1].astype(np.float64)
        matrix = least_squares_fit(kind, matrix, points, move_points(points, matrix))
    return matrix, float(correlation)
