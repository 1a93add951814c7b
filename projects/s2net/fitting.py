"""The transform between two images: the simplest one that explains their matches."""

import cv2
import numpy as np
from scipy.optimize import least_squares

from .matching import move_points

FREEDOM = {'similarity': 4, 'affine': 6, 'homography': 8}
"""The kinds of transforms, and their numbers of parameters; half as many matches fix one."""
RAYLEIGH = np.sqrt(2 * np.log(2))
"""Median of the length of a plane's normal errors, over their deviation in x or y."""
LEAST_DEVIATION = 0.3
"""Of matched places, in pixels."""
SQUARE = 48
"""Side in pixels, of a square whose matches are one piece of evidence."""


def fit_transform(first: np.ndarray, second: np.ndarray, kind: str | None = None,
                  threshold: float = 3.0) -> tuple[str, np.ndarray] | None:
    """The transform that matches agree on.

    Each kind starts from random samples (RANSAC, MAGSAC) with a fixed seed, and is then fitted to all matches around it, with a
    loss that grows slowly (Cauchy) so that wrong ones pull little. Of several kinds the one with the least
    :func:`information_criterion` is taken.

    Args:
        first, second (np.ndarray): Matched points (n, 2), (x, y) in pixels.
        kind (str, optional): One of :data:`FREEDOM`; None chooses.
        threshold (float): Largest error of a match that agrees, in pixels.

    Returns:
        tuple: The kind and its matrix (3, 3); None if no kind fits the matches.
    """
    found = {}
    for name in FREEDOM if kind is None else [kind]:
        matrix = _start(name, first.astype(np.float64), second.astype(np.float64), threshold)
        matrix = None if matrix is None else _polish(name, matrix, first, second, threshold)
        if matrix is not None:
            found[name] = matrix
    if not found:
        return None
    errors = [np.linalg.norm(move_points(first, matrix) - second, axis=1) for matrix in found.values()]
    deviation = max(min(np.median(error[error < threshold]) for error in errors) / RAYLEIGH, LEAST_DEVIATION)
    best = min(found, key=lambda name: information_criterion(name, found[name], first, second, deviation))
    return best, found[best]


def information_criterion(kind: str, matrix: np.ndarray, first: np.ndarray, second: np.ndarray,
                          deviation: float) -> float:
    """Torr's GRIC: how badly matches fit, plus a price for each parameter. Less is better.

    The sum of min(e^2 / s^2, 4) over matches, whose places have a ``deviation`` s in pixels, and log(4 n) times the parameters.

    Source: Torr, "An assessment of information criteria for motion model selection", CVPR 1997, for matches of two planes.

    *Deviation*: the patches of neighbouring keypoints overlap, and so do their errors. n is the number of squares of
    :data:`SQUARE` pixels that hold matches, and the sum is scaled to as many; else noise would buy parameters.
    """
    squared = np.square(move_points(first, matrix) - second).sum(axis=1) / deviation**2
    squares = len(np.unique(np.floor(first / SQUARE), axis=0))
    return float(squares * np.minimum(squared, 4).mean() + np.log(4 * squares) * FREEDOM[kind])


def _start(kind: str, first: np.ndarray, second: np.ndarray, threshold: float) -> np.ndarray | None:
    if len(first) < 4:
        return None
    cv2.setRNGSeed(0)
    if kind == 'homography':
        matrix, _ = cv2.findHomography(first, second, cv2.USAC_MAGSAC, threshold, maxIters=10000, confidence=0.9999)
    else:
        estimate = cv2.estimateAffinePartial2D if kind == 'similarity' else cv2.estimateAffine2D
        matrix, _ = estimate(first, second, method=cv2.RANSAC, ransacReprojThreshold=threshold, maxIters=10000,
                             confidence=0.9999)
    if matrix is None or not np.isfinite(matrix).all():
        return None
    return _square(np.asarray(matrix, np.float64))


def _polish(kind: str, matrix: np.ndarray, first: np.ndarray, second: np.ndarray, threshold: float,
            rounds: int = 3) -> np.ndarray | None:
    """Fit to the matches within twice the threshold, which are looked for again after each round."""
    for _ in range(rounds):
        near = np.linalg.norm(move_points(first, matrix) - second, axis=1) < 2 * threshold
        if near.sum() < FREEDOM[kind]:
            return None
        matrix = least_squares_fit(kind, matrix, first[near], second[near], loss='cauchy')
    return matrix


def least_squares_fit(kind: str, start: np.ndarray, first: np.ndarray, second: np.ndarray, loss: str = 'linear') -> np.ndarray:
    """The matrix (3, 3) of least distances in the second image, from a start near it; see SciPy's ``least_squares``."""
    one, other = _standard(first), _standard(second)
    a, b = move_points(first, one), move_points(second, other)
    solved = least_squares(lambda values: ((move_points(a, _matrix(kind, values)) - b) / other[0, 0]).ravel(),
                           _values(kind, other @ start @ np.linalg.inv(one)), loss=loss)
    matrix = np.linalg.inv(other) @ _matrix(kind, solved.x) @ one
    return matrix / matrix[2, 2]


def _standard(points: np.ndarray) -> np.ndarray:
    """The matrix that moves the mean of points to 0 and their deviation to 1."""
    (x, y), scale = points.mean(axis=0), 1 / max(points.std(), 1e-9)
    return np.array([[scale, 0, -scale * x], [0, scale, -scale * y], [0, 0, 1]])


def _matrix(kind: str, values: np.ndarray) -> np.ndarray:
    if kind == 'similarity':
        a, b, x, y = values
        return np.array([[a, -b, x], [b, a, y], [0, 0, 1]])
    return np.append(values, [0, 0, 1] if kind == 'affine' else [1]).reshape(3, 3)


def _values(kind: str, matrix: np.ndarray) -> np.ndarray:
    matrix = matrix / matrix[2, 2]
    if kind == 'similarity':
        (a, c, x), (b, d, y), _ = matrix
        return np.array([(a + d) / 2, (b - c) / 2, x, y])
    return matrix.ravel()[:FREEDOM[kind]]


def _square(matrix: np.ndarray) -> np.ndarray:
    return np.vstack([matrix, [0, 0, 1]]) if len(matrix) == 2 else matrix / matrix[2, 2]
