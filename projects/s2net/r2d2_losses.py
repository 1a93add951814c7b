"""R2D2's three losses: repeatable maxima at the same places, peaky ones, and reliability by average precision."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .average_precision import average_precision
from .geometry import sample_at
from .sampler import Samples


def cosine_similarity_loss(first: Tensor, second: Tensor, flow: Tensor, patch: int = 16) -> Tensor:
    """1 - mean cosine of the repeatability of patches and of the places where they lie in the second image.

    Args:
        first, second (Tensor): Repeatability (N, 1, H, W) in [0, 1].
        flow (Tensor): (N, H, W, 2), NaN where a pixel has no place in the second image.
        patch (int): Side; patches overlap by half.

    Returns:
        Tensor: A scalar in [0, 1]; 0 if the two agree wherever both are seen, whatever their size, or if nothing is.

    *Deviation*: R2D2 compares pixels without a place with the border of the second image, which means nothing. Here they are
    masked out of both patches, and a patch counts by its share of the others.
    """
    known = torch.isfinite(flow).all(dim=-1)[:, None].to(first.dtype)
    warped = sample_at(second, flow, padding_mode='border')
    a, b, seen = (F.unfold(m, patch, stride=patch // 2).transpose(1, 2) for m in (first * known, warped * known, known))
    cosine = (F.normalize(a, dim=2) * F.normalize(b, dim=2)).sum(dim=2)
    share = seen.mean(dim=2)
    return ((1 - cosine) * share).sum() / share.sum().clamp(min=1e-12)


def peakiness_loss(repeatability: Tensor, patch: int = 16) -> Tensor:
    """1 - mean(local maximum - local mean) of a repeatability map (N, 1, H, W), smoothed by a 3x3 mean first.

    Zeros beyond the border count in both means.
    """
    smooth = F.avg_pool2d(repeatability, 3, stride=1, padding=1)
    side, half = patch + 1, patch // 2
    return 1 - (F.max_pool2d(smooth, side, 1, half) - F.avg_pool2d(smooth, side, 1, half)).mean()


def reliability_loss(samples: Samples, base: float = 0.5, bins: int = 20) -> Tensor:
    """Mean of 1 - (AP R + base (1 - R)): reliability R should be high exactly where AP exceeds ``base``; 0 without queries.

    *Deviation*: where the mean AP is below ``base``, that mean takes its place. Between modalities AP starts at 0.07: with 0.5
    from the first step R falls to 0 everywhere, the gradient of AP, which R multiplies, with it, and nothing is ever learned.
    """
    precision = average_precision(samples.similarity, samples.positive, bins)
    trust = samples.reliability
    count = max(len(trust), 1)
    bar = (precision.detach().sum() / count).clamp(max=base)
    return (1 - precision * trust - bar * (1 - trust)).sum() / count
