"""D2-Net's soft detection and its margin loss weighted by the scores."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .geometry import inside

STRIDE = 8
"""Pixels per cell of the maps that D2-Net trains on."""


def soft_scores(features: Tensor) -> Tensor:
    """How much each cell is a local maximum within one channel and the maximum over channels.

    Args:
        features (Tensor): (N, C, h, w), before ReLU.

    Returns:
        Tensor: (N, 1, h, w), >= 0, of sum 1 an image. An image without a positive feature scores 0 everywhere.
    """
    rectified = F.relu(features)
    # exp of values in [0, 1]; beyond the border lies exp(0) = 1
    strength = (rectified / rectified.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-8)).exp()
    neighbourhood = 9 * F.avg_pool2d(F.pad(strength, (1, 1, 1, 1), value=1.0), 3, stride=1)
    channel = rectified / rectified.amax(dim=1, keepdim=True).clamp(min=1e-8)
    score = (strength / neighbourhood * channel).amax(dim=1, keepdim=True)
    return score / score.sum(dim=(2, 3), keepdim=True).clamp(min=1e-8)


class Cells(NamedTuple):
    """n correspondences of one pair: flat indices (n, ) into the first map's cells, and cells (x, y) of both maps (n, 2)."""

    cell: Tensor
    first: Tensor
    second: Tensor


def corresponding_cells(flow: Tensor, height: int, width: int) -> Cells:
    """Cells of the first map whose centre lies inside the second image, each with the cell that is nearest there.

    Inside is between the centres of the border *pixels*, as in the authors' code: half a cell beyond the centre of a border
    cell still belongs to that cell.

    Args:
        flow (Tensor): (H, W, 2) in pixels. Cell i's centre is at 8 i + 3.5: the mean of the four pixels around it.
        height, width (int): Of the map, which covers 8 height by 8 width pixels.
    """
    centre = STRIDE // 2 - 1
    around = [flow[centre + dy::STRIDE, centre + dx::STRIDE][:height, :width] for dy in (0, 1) for dx in (0, 1)]
    place = sum(around[1:], around[0]) / 4
    valid = inside(place, STRIDE * height, STRIDE * width)
    y, x = valid.nonzero(as_tuple=True)
    second = ((place[valid] - (STRIDE - 1) / 2) / STRIDE).round().long()
    return Cells(y * width + x, torch.stack([x, y], dim=1), second)


def margin_loss(first: Tensor, second: Tensor, scores: tuple[Tensor, Tensor], cells: Cells, margin: float = 1.0,
                safe_radius: int = 4, negatives: str = 'hardest') -> Tensor:
    """Mean of max(0, margin + p - n) over correspondences, weighted by the product of both scores.

    p is the squared distance of corresponding descriptors, n that of a negative: a cell in either image that lies further
    than ``safe_radius`` cells (Chebyshev) from the correspondence there. Of unit vectors the squared distance is 2 - 2 cos.

    Args:
        first, second (Tensor): Unit descriptors (D, h, w) of one pair.
        scores (tuple[Tensor, Tensor]): (1, h, w) each.
        cells (Cells): n >= 1 correspondences.
        negatives (str): Which one counts: ``'hardest'``, the nearest (D2-Net); or ``'soft'``, a mean over all in which
            near ones weigh more.
    """
    width = first.shape[2]
    a, every_b = first.flatten(1).T[cells.cell], second.flatten(1)
    index = cells.second[:, 1] * width + cells.second[:, 0]
    b, every_a = every_b.T[index], first.flatten(1)
    positive = 2 - 2 * (a * b).sum(dim=1)
    choose = NEGATIVES[negatives]
    negative = torch.minimum(choose(_distances(a, every_b, cells.second, width, safe_radius)),
                             choose(_distances(b, every_a, cells.first, width, safe_radius)))
    weight = scores[0].flatten()[cells.cell] * scores[1].flatten()[index]
    return (weight * F.relu(margin + positive - negative)).sum() / weight.sum().clamp(min=1e-12)


def _distances(queries: Tensor, every: Tensor, truth: Tensor, width: int, safe_radius: int) -> Tensor:
    """Squared distances (n, h w) of queries (n, D) to descriptors (D, h w), beyond :data:`FAR` within the safe radius."""
    cell = torch.arange(every.shape[1], device=every.device)
    x, y = cell % width, torch.div(cell, width, rounding_mode='floor')
    away = torch.maximum((truth[:, :1] - x).abs(), (truth[:, 1:] - y).abs())
    return 2 - 2 * queries @ every + FAR * (away <= safe_radius)


def _hardest(distances: Tensor) -> Tensor:
    return distances.amin(dim=1)


def _soft(distances: Tensor, temperature: float = 0.1) -> Tensor:
    """- t log mean exp(-d / t)."""
    count = (distances < FAR).sum(dim=1).clamp(min=1)
    return -temperature * ((-distances / temperature).logsumexp(dim=1) - count.log())


FAR = 10.0
"""More than any squared distance of unit vectors, which is at most 4."""
NEGATIVES = {'hardest': _hardest, 'soft': _soft}
