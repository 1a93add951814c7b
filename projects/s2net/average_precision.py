"""Average precision that can be differentiated, by soft binning of the similarities."""

import torch
from torch import Tensor


def soft_histogram(similarity: Tensor, weights: Tensor, bins: int) -> Tensor:
    """Weighted counts of similarities in triangular bins.

    The centres go from 1 down to 0 in steps of 1 / (bins - 1); a value shares its weight between the two centres around it.
    What lies above 1 or below 0 counts fully in the end bin.

    Args:
        similarity, weights (Tensor): (n, m).
        bins (int): At least 2.

    Returns:
        Tensor: (n, bins), highest similarity first.
    """
    place = (1 - similarity).clamp(0, 1) * (bins - 1)
    lower = place.detach().floor().clamp(max=bins - 2)
    share = place - lower
    index = lower.long()
    counts = similarity.new_zeros(len(similarity), bins)
    counts = counts.scatter_add(1, index, weights * (1 - share))
    return counts.scatter_add(1, index + 1, weights * share)


def average_precision(similarity: Tensor, positive: Tensor, bins: int = 20) -> Tensor:
    """AP of each query's ranking.

    With c(b) the soft count of all candidates in bin b and p(b) that of the positives, precision at b is the cumulated p over
    the cumulated c, and AP the sum of precision times p(b) / sum(p). Source: the AP loss that R2D2 trains with; R2D2's 20
    bins.

    Args:
        similarity (Tensor): (n, m), of n queries with m candidates.
        positive (Tensor): (n, m), 1 where the candidate is right, else 0.
        bins (int): Of the histogram.

    Returns:
        Tensor: (n, ), in [0, 1]. A query without positives has 0.
    """
    positive = positive.to(similarity.dtype)
    right = soft_histogram(similarity, positive, bins)
    every = soft_histogram(similarity, torch.ones_like(similarity), bins)
    precision = right.cumsum(dim=1) / every.cumsum(dim=1).clamp(min=1e-8)
    return (precision * right).sum(dim=1) / right.sum(dim=1).clamp(min=1e-8)
