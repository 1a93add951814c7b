"""Match two images with a trained model, or with a hand-crafted method."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from .correction import Correction, correct_on_images
from .detect_describe import DetectDescribe, Keypoints
from .fitting import fit_transform
from .matching import move_points, mutual_nearest

THRESHOLD = 3.0
"""Largest error of a match that agrees with a homography, in pixels of the second image."""


LEAST_KEPT = 0.5
"""Share of the matches that agree before a correction on the images and still do so after it; with less it is not trusted."""


class Matches(NamedTuple):
    """n matches of two images.

    Attributes:
        first, second (np.ndarray): Matched points (n, 2), (x, y) in pixels.
        homography (np.ndarray): (3, 3), from the first image to the second; None if the matches agree on none.
        inlier (np.ndarray): Bool (n, ), whether a match agrees with it within :data:`THRESHOLD`.
        kind (str): Of the transform, see :data:`.FREEDOM`.
        correction (Correction, optional): How the images themselves corrected it; None if they are too small for that.
    """

    first: np.ndarray
    second: np.ndarray
    homography: np.ndarray | None
    inlier: np.ndarray
    kind: str = 'homography'
    correction: Correction | None = None


def match_images(method: DetectDescribe | Callable[..., Keypoints], first: np.ndarray, second: np.ndarray,
                 max_keypoints: int = 4096, masks: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
                 kind: str | None = None) -> Matches:
    """Mutual nearest neighbours of two images, uint8 RGB (H, W, 3) of any sizes, and the transform between them.

    Args:
        method (DetectDescribe | callable): A model from :func:`mmsight.engine.load_model.load_model`, or a baseline such as
            :class:`.SIFT`.
        first, second (np.ndarray): The images.
        max_keypoints (int): Of each image.
        masks (tuple): Bool (H, W) for each image or None; no keypoint lies where it is False.
        kind (str, optional): Of the transform; None takes the simplest that explains the matches.
    """
    a, b = (find_keypoints(method, image, max_keypoints, mask) for image, mask in zip((first, second), masks, strict=True))
    pairs = mutual_nearest(a.descriptors, b.descriptors)
    points, others = a.points[pairs[:, 0]].cpu().double().numpy(), b.points[pairs[:, 1]].cpu().double().numpy()
    fitted = fit_transform(points, others, kind, THRESHOLD)
    if fitted is None:
        return Matches(points, others, None, np.zeros(len(points), bool))
    found, homography = fitted
    inlier = _agree(points, others, homography)
    correction = correct_on_images(first, second, homography, masks, found)
    if correction is None:
        return Matches(points, others, homography, inlier, found)
    kept = _agree(points, others, correction.homography)
    if kept.sum() < LEAST_KEPT * inlier.sum():  # the images contradict the matches
        correction = correction._replace(homography=homography, drift=float('inf'))
        return Matches(points, others, homography, inlier, found, correction)
    return Matches(points, others, correction.homography, kept, found, correction)


def _agree(first: np.ndarray, second: np.ndarray, homography: np.ndarray) -> np.ndarray:
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.linalg.norm(move_points(first, homography) - second, axis=1) <= THRESHOLD


def find_keypoints(method: DetectDescribe | Callable[..., Keypoints], image: np.ndarray, count: int,
                   mask: np.ndarray | None) -> Keypoints:
    """At most ``count`` of an image, uint8 RGB (H, W, 3), none where a mask (H, W) is False."""
    if not isinstance(method, DetectDescribe):
        return method(image, count, mask)
    device = next(method.parameters()).device
    allowed = None if mask is None else torch.from_numpy(mask).to(device)
    return method.detect(torch.from_numpy(image).permute(2, 0, 1).float().to(device) / 255, count, allowed)
