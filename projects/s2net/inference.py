"""Match two images of one's own with a trained model."""

from typing import NamedTuple

import numpy as np
import torch

from .detect_describe import DetectDescribe
from .geometry import warp_points
from .matching import estimate_homography, mutual_nearest


class Matches(NamedTuple):
    """n matches of two images.

    Attributes:
        first, second (np.ndarray): Matched points (n, 2), (x, y) in pixels.
        homography (np.ndarray): (3, 3), from the first image to the second; None if the matches agree on none.
        inlier (np.ndarray): Bool (n, ), whether a match agrees with it within 3 px.
    """

    first: np.ndarray
    second: np.ndarray
    homography: np.ndarray | None
    inlier: np.ndarray


def match_images(model: DetectDescribe, first: np.ndarray, second: np.ndarray, max_keypoints: int = 4096) -> Matches:
    """Mutual nearest neighbours of two images, uint8 RGB (H, W, 3) of any sizes, and their homography.

    ``model`` comes from :func:`mmsight.engine.load_model.load_model`.
    """
    device = next(model.parameters()).device
    a, b = (model.detect(torch.from_numpy(image).permute(2, 0, 1).float().to(device) / 255, max_keypoints)
            for image in (first, second))
    pairs = mutual_nearest(a.descriptors, b.descriptors)
    points, others = a.points[pairs[:, 0]].cpu(), b.points[pairs[:, 1]].cpu()
    homography = estimate_homography(points.numpy(), others.numpy())
    inlier = np.zeros(len(points), bool)
    if homography is not None:
        error = (warp_points(points.double(), torch.from_numpy(homography)) - others).norm(dim=1)
        inlier = (error <= 3).numpy()
    return Matches(points.numpy(), others.numpy(), homography, inlier)
