"""Which similarities R2D2's AP loss ranks: random queries against their neighbourhood and against distractors."""

from typing import NamedTuple

import torch
from torch import Tensor

from .geometry import OUTSIDE, inside


class Samples(NamedTuple):
    """n queries, of the whole batch, whose true place lies inside the second image.

    Attributes:
        similarity (Tensor): (n, 1 + negatives + distractors), cosines; the first column is the best positive.
        positive (Tensor): The same shape, 1 in the first column.
        reliability (Tensor): (n, ), the mean of the reliabilities at the query and at its best positive.
    """

    similarity: Tensor
    positive: Tensor
    reliability: Tensor


class NeighbourhoodSampler:
    """Sample queries, positives and negatives of a batch of descriptor maps, without a loop over queries.

    Around a query's true place in the second image lie its positives, a disc of radius ``positive_radius`` of which the most
    similar counts, and its negatives, the ring from ``negative_radius`` to ``outer_radius``. Random descriptors of all second
    images are distractors of every query; those of its own image nearer than ``negative_radius`` count with similarity 0.
    Neighbours outside the image are moved to its border.

    Args:
        outer_radius (int): 7 in R2D2, all in pixels.
        positive_radius (int): 3.
        negative_radius (int): 5.
        spacing (int): One query and one distractor in ``spacing`` x ``spacing`` pixels (8).
        border (int): Queries and distractors keep this distance from the border (16).
    """

    def __init__(self, outer_radius: int = 7, positive_radius: int = 3, negative_radius: int = 5, spacing: int = 8,
                 border: int = 16) -> None:
        if not positive_radius < negative_radius <= outer_radius:
            raise ValueError('positive_radius < negative_radius <= outer_radius is needed, found '
                             f'{positive_radius}, {negative_radius}, {outer_radius}')
        self.negative_radius, self.spacing, self.border = negative_radius, spacing, border
        steps = torch.arange(-outer_radius, outer_radius + 1)
        offsets = torch.stack(torch.meshgrid(steps, steps, indexing='xy'), dim=-1).flatten(0, 1)
        squared = offsets.square().sum(dim=1)
        self.disc = offsets[squared <= positive_radius**2]
        self.ring = offsets[(squared >= negative_radius**2) & (squared <= outer_radius**2)]

    def random_places(self, count: int, height: int, width: int, device: torch.device) -> Tensor:
        """(count images, queries an image, 2), integer pixels inside the border."""
        inner = torch.tensor([width - 2 * self.border, height - 2 * self.border], device=device)
        if inner.min() < 1:
            raise ValueError(f'images of {width}x{height} leave no room inside a border of {self.border} pixels: '
                             'use larger crops')
        number = max(int(inner.prod()) // self.spacing**2, 1)
        return (torch.rand(count, number, 2, device=device) * inner).floor().long() + self.border

    def __call__(self, first: Tensor, second: Tensor, reliability: tuple[Tensor, Tensor], flow: Tensor) -> Samples:
        """Sample a batch.

        Args:
            first, second (Tensor): Descriptors (N, D, H, W) of unit length.
            reliability (tuple[Tensor, Tensor]): (N, 1, H, W) each, in [0, 1].
            flow (Tensor): (N, H, W, 2), from the first to the second images.
        """
        count, _, height, width = first.shape
        device = first.device
        image = torch.arange(count, device=device)[:, None]
        query = self.random_places(count, height, width, device)
        # floor, not a conversion to integers, which would move -0.9 to pixel 0
        truth = (flow[image, query[..., 1], query[..., 0]].nan_to_num(OUTSIDE) + 0.5).floor().long()
        valid = inside(truth, height, width)
        image, query, truth = image.expand_as(valid)[valid], query[valid], truth[valid]
        asked = first[image, :, query[:, 1], query[:, 0]]

        def similarity(offsets: Tensor) -> tuple[Tensor, Tensor]:
            places = truth[:, None] + offsets.to(device)
            x, y = places[..., 0].clamp(0, width - 1), places[..., 1].clamp(0, height - 1)
            # einsum over the gathered (n, k, D)
            return torch.einsum('nd,nkd->nk', asked, second[image[:, None], :, y, x]), torch.stack([x, y], dim=-1)

        positives, places = similarity(self.disc)
        best, which = positives.max(dim=1)
        negatives, _ = similarity(self.ring)
        place = places[torch.arange(len(which), device=device), which]

        distractor = self.random_places(count, height, width, device)
        owner = torch.arange(count, device=device)[:, None].expand(distractor.shape[:2]).flatten()
        distractor = distractor.flatten(0, 1)
        distractors = asked @ second[owner, :, distractor[:, 1], distractor[:, 0]].T
        near = (truth[:, None] - distractor).square().sum(dim=-1) < self.negative_radius**2
        distractors = distractors.masked_fill(near & (image[:, None] == owner), 0)

        candidates = torch.cat([best[:, None], negatives, distractors], dim=1)
        positive = torch.zeros_like(candidates)
        positive[:, 0] = 1
        trust = (reliability[0][image, 0, query[:, 1], query[:, 0]] + reliability[1][image, 0, place[:, 1], place[:, 0]]) / 2
        return Samples(candidates, positive, trust)
