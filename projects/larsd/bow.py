"""Which end of a ship is its bow: maps of how much each place looks like one, compared at both ends of a box."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, grid_sample

PLACES = (0.4, 0.6, 0.8, 1.0)
"""Where the maps are read on the way from a box's middle to each end."""


def bow_logits(bow_maps: Sequence[Tensor], boxes: Tensor, image: Tensor, strides: Sequence[float]) -> Tensor:
    """Logits (n, ) of the bow being at the end to which the long axis of each box points, and not at the other.

    The long axis points along w, or, where h is longer, a quarter turn clockwise of it. A logit is the mean of a map towards
    this end less that towards the other, summed over the levels, so that it changes its sign where a box is turned round.

    Args:
        bow_maps (Sequence[Tensor]): Of each level (N, 1, H, W).
        boxes (Tensor): (n, 5), in pixels of the network's input, at any angle.
        image (Tensor): Long (n, ), the image of each box.
        strides (Sequence[float]): Pixels per cell of each level.
    """
    cx, cy, w, h, angle = boxes.unbind(1)
    along = torch.where(w >= h, angle, angle + math.pi / 2)
    half = torch.stack([along.cos(), along.sin()], dim=1) * torch.maximum(w, h)[:, None] / 2
    places = half.new_tensor([*PLACES, *(-place for place in PLACES)])
    points = torch.stack([cx, cy], dim=1)[:, None] + half[:, None] * places[:, None]
    values = points.new_zeros(points.shape[:2])
    for level, stride in zip(bow_maps, strides, strict=True):
        size = points.new_tensor(level.shape[:1:-1]) * stride
        for index, bow_map in enumerate(level):
            chosen = image == index
            grid = 2 * points[chosen] / size - 1  # the centre of a cell is half a stride from its corner
            read = grid_sample(bow_map[None].to(points), grid[None], padding_mode='border', align_corners=False)[0, 0]
            values = values.index_add(0, chosen.nonzero()[:, 0], read)
    front, back = values.chunk(2, dim=1)
    return front.mean(dim=1) - back.mean(dim=1)


def bow_loss(bow_maps: Sequence[Tensor], boxes: Tensor, image: Tensor, strides: Sequence[float]) -> Tensor:
    """Binary cross-entropy, the mean over ships (n, 5) whose angle points to the bow; see :func:`bow_logits`.

    Ships that do not lie whole in their image are left out; without any the loss is 0.
    """
    cx, cy, length, _, angle = boxes.unbind(1)
    x, y = angle.cos().abs() * length / 2, angle.sin().abs() * length / 2
    height, width = (side * strides[0] for side in bow_maps[0].shape[2:])
    whole = (cx - x >= 0) & (cx + x <= width) & (cy - y >= 0) & (cy + y <= height)
    logits = bow_logits(bow_maps, boxes[whole], image[whole], strides)
    loss = binary_cross_entropy_with_logits(logits, torch.ones_like(logits), reduction='sum')
    return loss / max(len(logits), 1)
