"""Match two images with a trained model, or with a hand-crafted method."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from .detect_describe import DetectDescribe, Keypoints
from .geometry import warp_points
from .matching import estimate_homography, mutual_nearest

THRESHOLD = 3.0
"""Largest error of a match that agrees with a homography, in pixels of the second image."""


class Matches(NamedTuple):
    """n matches of two images.

    Attributes:
        first, second (np.ndarray): Matched points (n, 2), (x, y) in pixels.
        homography (np.ndarray): (3, 3), from the first image to the second; None if the matches agree on none.
        inlier (np.ndarray): Bool (n, ), whether a match agrees with it within :data:`THRESHOLD`.
    """

    first: np.ndarray
    second: np.ndarray
    homography: np.ndarray | None
    inlier: np.ndarray


def match_images(method: DetectDescribe | Callable[..., Keypoints], first: np.ndarray, second: np.ndarray,
                 max_keypoints: int = 4096, masks: tuple[np.ndarray | None, np.ndarray | None] = (None, None)) -> Matches:
    """Mutual nearest neighbours of two images, uint8 RGB (H, W, 3) of any sizes, and their homography.

    Args:
        method (DetectDescribe | callable): A model from :func:`mmsight.engine.load_model.load_model`, or a baseline such as
            :class:`.SIFT`.
        first, second (np.ndarray): The images.
        max_keypoints (int): Of each image.
        masks (tuple): Bool (H, W) for each image or None; no keypoint lies where it is False.
    """
    a, b = (_find(method, image, max_keypoints, mask) for image, mask in zip((first, second), masks, strict=True))
    pairs = mutual_nearest(a.descriptors, b.descriptors)
    points, others = a.points[pairs[:, 0]].cpu(), b.points[pairs[:, 1]].cpu()
    homography = estimate_homography(points.numpy(), others.numpy(), THRESHOLD)
    inlier = np.zeros(len(points), bool)
    if homography is not None:
        error = (warp_points(points.double(), torch.from_numpy(homography)) - others).norm(dim=1)
        inlier = (error <= THRESHOLD).numpy()
    return Matches(points.numpy(), others.numpy(), homography, inlier)


def _find(method: DetectDescribe | Callable[..., Keypoints], image: np.ndarray, count: int,
          mask: np.ndarray | None) -> Keypoints:
    if not isinstance(method, DetectDescribe):
        return method(image, count, mask)
    device = next(method.parameters()).device
    allowed = None if mask is None else torch.from_numpy(mask).to(device)
    return method.detect(torch.from_numpy(image).permute(2, 0, 1).float().to(device) / 255, count, allowed)
