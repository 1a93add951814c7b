"""R2D2 (Revaud et al., NeurIPS 2019), written from published facts: reliable and repeatable detector and descriptor."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from mmsight.engine.mixed_precision import full_precision
from mmsight.registry import MODELS

from .detect_describe import DetectDescribe, Features, Keypoints, Pair
from .r2d2_losses import cosine_similarity_loss, peakiness_loss, reliability_loss
from .sampler import NeighbourhoodSampler

STRIDES = (1, 1, 2, 1, 2, 1, 2, 2, 2)
"""Of L2-Net's nine convolutions. Instead of skipping pixels, a stride dilates all convolutions after it."""


def quad_l2net(channels: Sequence[int], dim: int) -> nn.Sequential:
    """R2D2's fully convolutional L2-Net at full resolution.

    Six 3x3 convolutions, each with batch norm without affine parameters and ReLU, then three 2x2 convolutions in place of an
    8x8 one, the first two with batch norm. Images (N, 3, H, W) become (N, dim, H, W).
    """
    layers: list[nn.Module] = []
    dilation, width = 1, 3
    for index, (out, stride) in enumerate(zip([*channels, dim, dim, dim], STRIDES, strict=True)):
        kernel = 3 if index < 6 else 2
        layers.append(nn.Conv2d(width, out, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation))
        if index < 8:
            layers.append(nn.BatchNorm2d(out, affine=False))
        if index < 6:
            layers.append(nn.ReLU(inplace=True))
        dilation, width = dilation * stride, out
    return nn.Sequential(*layers)


@MODELS.register_module()
class R2D2(DetectDescribe):
    """Descriptor, reliability and repeatability of every pixel; 484,387 parameters at the default width.

    Features: ``descriptors`` (N, dim, H, W) of unit length, ``reliability`` and ``repeatability`` (N, 1, H, W) in [0, 1].
    Both maps are 1x1 convolutions of the squared raw descriptors: a softmax of two, and s / (1 + s) of s = softplus.

    Loss: cosine similarity + peakiness + reliability, 1 : 1 : 1; see :mod:`.r2d2_losses`.

    Args:
        channels (Sequence[int]): Of the six 3x3 convolutions.
        dim (int): Of descriptors, and of the 2x2 convolutions.
        patch (int): Side of the patches of the repeatability losses.
        sampler (dict, optional): Arguments of :class:`NeighbourhoodSampler`.
        scale_factor (float): Between two levels of the pyramid.
        sizes (tuple[int, int]): Longer side, in pixels, of the smallest and the largest level.
        reliability_thr, repeatability_thr (float): Maxima above both come first; the others fill up to the number asked for.

    *Deviation*: R2D2 drops what is below the thresholds, so that few images reach 4096 keypoints; here those fill up.
    Places on coarser levels are scaled between pixel centres.
    """

    def __init__(self,
                 channels: Sequence[int] = (32, 32, 64, 64, 128, 128),
                 dim: int = 128,
                 patch: int = 16,
                 sampler: dict | None = None,
                 scale_factor: float = 2**0.25,
                 sizes: tuple[int, int] = (256, 1024),
                 reliability_thr: float = 0.7,
                 repeatability_thr: float = 0.7,
                 max_keypoints: int = 4096,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(max_keypoints, data_preprocessor, init_cfg)
        self.network = quad_l2net(channels, dim)
        self.reliability = nn.Conv2d(dim, 2, 1)
        self.repeatability = nn.Conv2d(dim, 1, 1)
        self.patch = patch
        self.sampler = NeighbourhoodSampler(**(sampler or {}))
        self.scale_factor, self.sizes = scale_factor, sizes
        self.reliability_thr, self.repeatability_thr = reliability_thr, repeatability_thr

    def extract(self, images: Tensor) -> Features:
        """See the class."""
        return full_precision(self._describe)(self.network(self.normalise(images)))

    def _describe(self, raw: Tensor) -> Features:
        squared = raw.square()
        peak = F.softplus(self.repeatability(squared))
        return dict(
            descriptors=F.normalize(raw, dim=1),
            reliability=self.reliability(squared).softmax(dim=1)[:, 1:],
            repeatability=peak / (1 + peak))

    def loss(self, pair: Pair) -> dict[str, Tensor]:
        """``loss_cosim``, ``loss_peaky``, and ``loss_ap``: 0, and reported, for a batch without a valid correspondence."""
        first, second, flow = pair
        samples = self.sampler(first['descriptors'], second['descriptors'], (first['reliability'], second['reliability']), flow)
        if not len(samples.reliability):
            print_log('a batch of pairs has no valid correspondence: it adds nothing to the reliability loss', 'current', 30)
        peaky = (peakiness_loss(first['repeatability'], self.patch) + peakiness_loss(second['repeatability'], self.patch)) / 2
        return dict(
            loss_cosim=cosine_similarity_loss(first['repeatability'], second['repeatability'], flow, self.patch),
            loss_peaky=peaky,
            loss_ap=reliability_loss(samples))

    @torch.no_grad()
    def detect(self, image: Tensor, max_keypoints: int, mask: Tensor | None = None) -> Keypoints:
        """Maxima of repeatability in 3x3 pixels over a pyramid, scored by reliability times repeatability."""
        found = [self._detect_level(level, image.shape[-2:], max_keypoints, mask) for level in self._pyramid(image)]
        points, descriptors, scores, rank = (torch.cat(parts) for parts in zip(*found, strict=True))
        best = rank.topk(min(max_keypoints, len(rank))).indices
        return Keypoints(points[best], descriptors[best], scores[best])

    def _pyramid(self, image: Tensor) -> Iterator[Tensor]:
        """Levels (1, 3, h, w), largest first, one at a time; an image smaller than the least size is its only level."""
        side = max(image.shape[-2:])
        smallest, largest = self.sizes
        scale, first = 1.0, True
        while first or scale * side >= smallest - 0.5:
            if scale * side <= largest + 0.5:
                size = [max(round(length * scale), 1) for length in image.shape[-2:]]
                yield image[None] if scale == 1 else F.interpolate(image[None], size, mode='bilinear', align_corners=False,
                                                                    antialias=True)
                first = False
            scale /= self.scale_factor

    def _detect_level(self, level: Tensor, shape: torch.Size, count: int, mask: Tensor | None) -> tuple[Tensor, ...]:
        features = self.extract(level)
        repeatability, reliability = features['repeatability'][0, 0], features['reliability'][0, 0]
        highest = F.max_pool2d(repeatability[None, None], 3, stride=1, padding=1)[0, 0]
        y, x = (repeatability == highest).nonzero(as_tuple=True)
        scale = level.new_tensor([shape[1] / level.shape[-1], shape[0] / level.shape[-2]])
        points = (torch.stack([x, y], dim=1) + 0.5) * scale - 0.5
        if mask is not None:
            pixel = points.round().long()
            allowed = mask[pixel[:, 1].clamp(0, shape[0] - 1), pixel[:, 0].clamp(0, shape[1] - 1)]
            x, y, points = x[allowed], y[allowed], points[allowed]
        scores = (repeatability * reliability)[y, x]
        clear = (repeatability[y, x] >= self.repeatability_thr) & (reliability[y, x] >= self.reliability_thr)
        rank, best = (scores + clear).topk(min(count, len(scores)))
        descriptors = features['descriptors'][0, :, y[best], x[best]].T
        return points[best], descriptors, scores[best], rank
