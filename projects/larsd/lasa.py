"""Locality-aware score alignment (paper, section II.C): score a box by the score map inside it."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

RECTANGLE = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)]
DIAMOND5 = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
DIAMOND9 = DIAMOND5 + [(-.5, -.5), (.5, -.5), (-.5, .5), (.5, .5)]
DIAMOND13 = DIAMOND9 + [(-.5, 0), (.5, 0), (0, -.5), (0, .5)]
PATTERNS = {'rect9': RECTANGLE, 'diamond5': DIAMOND5, 'diamond9': DIAMOND9, 'diamond13': DIAMOND13}
"""Sampling points of Fig. 6, in units of ``spread`` times the half extents of the box."""


class LASA:
    """The aligned score of a box is the mean of the score map at points spread inside it. Nothing is learned.

    Args:
        pattern (str | Sequence[tuple[float, float]]): ``'rect9'``, ``'diamond5'``, ``'diamond9'``, ``'diamond13'``, or points
            (x, y) in the box's own frame, where its half extents are 1.
        spread (float): Factor on the points: 1 puts the outermost on the box's sides.
        channel (str): ``'same'``: sample the map that scored the box, of its level, anchor and class; ``'max'``: at each cell
            the highest score of all anchors of its level for its class.
        raw_weight (float): In [0, 1), weight of a candidate's raw score in the geometric mean of :meth:`blend`. 0 is the
            paper's LASA: the aligned score alone.

    *Deviation*: the paper prints Fig. 6 without coordinates; a diamond is the part of a lattice within a city-block distance,
    which gives its counts 5, 9 and 13. It does not say which of K score maps is sampled. Points outside the map take the
    border's score: zeros would punish ships that the image's border cuts. ``raw_weight`` is ours: a location's own score also
    says how well it regresses, which the mean over the box forgets; the project's README has the figures.
    """

    def __init__(self, pattern: str | Sequence[tuple[float, float]] = 'diamond9', spread: float = 0.5,
                 channel: str = 'same', raw_weight: float = 0) -> None:
        if isinstance(pattern, str) and pattern not in PATTERNS:
            raise ValueError(f"lasa.pattern must be one of {', '.join(PATTERNS)} or a list of points, found '{pattern}'")
        if channel not in ('same', 'max'):
            raise ValueError(f"lasa.channel must be 'same' or 'max', found '{channel}'")
        if not 0 <= raw_weight < 1:
            raise ValueError(f'lasa.raw_weight must be at least 0 and below 1, found {raw_weight}')
        if spread <= 0:
            raise ValueError(f'lasa.spread must be above 0, found {spread}')
        points: Any = PATTERNS[pattern] if isinstance(pattern, str) else pattern
        if not len(points) or any(len(point) != 2 for point in points):
            raise ValueError(f'lasa.pattern must have points (x, y), at least one, found {points}')
        self.points = torch.tensor([tuple(point) for point in points], dtype=torch.float) * spread
        self.channel = channel
        self.raw_weight = raw_weight

    def sampling_points(self, boxes: Tensor) -> Tensor:
        """Where the score map is read: (n, points, 2), x and y, for rotated boxes (n, 5), in their pixels."""
        offsets = self.points.to(boxes) * boxes[:, None, 2:4] / 2
        cos, sin = boxes[:, 4].cos()[:, None], boxes[:, 4].sin()[:, None]
        x, y = offsets.unbind(-1)
        return boxes[:, None, :2] + torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1)

    def blend(self, raw: Tensor, aligned: Tensor) -> Tensor:
        """Final scores (n, ) of candidates, from their raw and their aligned ones, in [0, 1]; see ``raw_weight``."""
        return raw ** self.raw_weight * aligned ** (1 - self.raw_weight)

    def __call__(self, score_maps: Sequence[Tensor], boxes: Tensor, levels: Tensor, channels: Tensor,
                 strides: Sequence[float | tuple[float, float]], num_classes: int = 1, offset: float = 0.5) -> Tensor:
        """Aligned scores of the boxes of one image.

        Args:
            score_maps (Sequence[Tensor]): Per level (K * num_classes, H, W), anchor by anchor, scores in [0, 1].
            boxes (Tensor): (n, 5), cx, cy, w, h in pixels of the input, angle in radians.
            levels (Tensor): Long (n, ), the level that each box comes from.
            channels (Tensor): Long (n, ), the channel of its level's map that scored it.
            strides (Sequence): Pixels per cell of each level, or (x, y) pairs.
            num_classes (int): Classes of each anchor.
            offset (float): Of a location in its cell, in cells: 0.5 where it is the cell's centre; 0 for hosts that put it at
                the corner.

        Returns:
            Tensor: (n, ), in [0, 1].
        """
        points = self.sampling_points(boxes)
        scores = points.new_empty(len(boxes))
        for level, (score_map, stride) in enumerate(zip(score_maps, strides, strict=True)):
            chosen = (levels == level).nonzero()[:, 0]
            channel = channels[chosen]
            if self.channel == 'max':
                score_map, channel = score_map.unflatten(0, (-1, num_classes)).amax(dim=0), channel % num_classes
            cells = points[chosen] / points.new_tensor(stride) - offset
            scores[chosen] = _bilinear(score_map, channel, cells).mean(dim=1)
        return scores


def _bilinear(score_map: Tensor, channel: Tensor, cells: Tensor) -> Tensor:
    """Samples (n, P) of ``score_map`` (C, H, W), each row in its own ``channel`` (n, ), at ``cells`` (n, P, 2), x and y."""
    # as a volume with the channels on its third axis, so that only the wanted channel is sampled
    size = cells.new_tensor(score_map.shape[::-1])
    depth = channel[:, None, None].expand(-1, cells.shape[1], 1).to(cells)
    grid = (2 * torch.cat([cells, depth], dim=-1) + 1) / size - 1
    volume = score_map.to(cells)[None, None]
    return F.grid_sample(volume, grid[None, :, :, None], padding_mode='border', align_corners=False)[0, 0, :, :, 0]
