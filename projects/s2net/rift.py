"""RIFT (Li et al., TIP 2020): keypoints of phase congruency, described by histograms of the strongest orientation."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmsight.registry import TASK_UTILS

from .detect_describe import Keypoints
from .phase_congruency import ORIENTATIONS, PhaseCongruency, phase_congruency


@TASK_UTILS.register_module()
class RIFT:
    """The first method with one orientation: no rotation invariance, as in the authors' demo.

    FAST corners of the maximum moment, scaled to 0..1; around each a patch of the maximum index map (which of six
    orientations has the largest amplitude) is cut into 6x6 cells, and the 36 histograms of 6 bins are joined to 216 values of
    unit length.

    Args:
        patch (int): Side of the patch, a multiple of 6 (96).
        contrast (float): FAST's least contrast on 0..1 (0.05).

    *Deviation*: patches that leave the image are dropped; the demo keeps them with zero descriptors.
    """

    def __init__(self, patch: int = 96, contrast: float = 0.05) -> None:
        self.patch, self.contrast = patch, contrast

    def __call__(self, image: np.ndarray, max_keypoints: int, mask: np.ndarray | None = None) -> Keypoints:
        """Keypoints of a uint8 image (H, W, 3) RGB, outside ``mask`` (H, W) none."""
        found = phase_congruency(torch.from_numpy(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)))
        points, scores = fast_corners(found.maximum, self.contrast, mask)
        return describe(found, points, scores, max_keypoints, self.patch)


def fast_corners(moment: Tensor, contrast: float, mask: np.ndarray | None = None,
                 suppress: bool = True) -> tuple[Tensor, Tensor]:
    """FAST's corners of a moment (H, W), strongest first: points (n, 2), x and y, and scores (n, ).

    Args:
        moment (Tensor): Of :class:`PhaseCongruency`; it is scaled to 0..1.
        contrast (float): Least contrast, on that scale.
        mask (np.ndarray, optional): (H, W), outside it no corners.
        suppress (bool): Keep the strongest of neighbouring corners alone.
    """
    moment = moment - moment.min()
    strength = (255 * moment / moment.max().clamp(min=1e-12)).byte().numpy()
    fast = cv2.FastFeatureDetector.create(threshold=round(255 * contrast), nonmaxSuppression=suppress)
    # the mask is applied after FAST, which would take its edge for corners
    corners = [k for k in fast.detect(strength) if mask is None or mask[round(k.pt[1]), round(k.pt[0])]]
    corners.sort(key=lambda k: -k.response)
    return torch.tensor([k.pt for k in corners]).reshape(-1, 2), torch.tensor([k.response for k in corners]).reshape(-1)


def describe(found: PhaseCongruency, points: Tensor, scores: Tensor, count: int, patch: int) -> Keypoints:
    """The first ``count`` points whose patches lie inside the image, with their descriptors."""
    half = patch // 2
    size = points.new_tensor([found.maximum.shape[1], found.maximum.shape[0]])
    whole = ((points >= half) & (points <= size - half)).all(dim=1)
    points, scores = points[whole][:count], scores[whole][:count]
    return Keypoints(points, maximum_index_descriptors(found.amplitude.argmax(dim=0), points.long(), patch), scores)


def maximum_index_descriptors(index: Tensor, points: Tensor, patch: int = 96, cells: int = 6) -> Tensor:
    """Histograms of an index map in the cells of a patch around each point.

    Args:
        index (Tensor): (H, W), 0..5.
        points (Tensor): (n, 2), integer (x, y) at least half a patch from every border.
        patch (int): Side in pixels: from ``point - patch / 2`` on.

    Returns:
        Tensor: (n, cells^2 * 6), unit length: cells row by row, six bins each.
    """
    side = patch // cells
    if not len(points):  # the image may be smaller than a cell
        return torch.zeros(0, cells**2 * ORIENTATIONS)
    planes = F.one_hot(index, ORIENTATIONS).permute(2, 0, 1).float()
    # counts[:, y, x] of the cell whose first pixel is (x, y)
    counts = F.avg_pool2d(planes[None], side, stride=1)[0] * side**2
    offset = torch.arange(cells) * side - patch // 2
    y = points[:, 1, None, None] + offset[:, None]
    x = points[:, 0, None, None] + offset[None, :]
    return F.normalize(counts[:, y, x].permute(1, 2, 3, 0).flatten(1), dim=1)
