"""The six random transforms of the paper's eq. 1, each on a whole batch, on the images' own device.

A *grey* transform changes values in place of the pixels; a *geometric* one gives homographies, which :class:`RandomTransform`
multiplies so that images are interpolated once. Random numbers come from torch's global generators.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from mmsight.registry import TRANSFORMS

from .geometry import homography_flow, inside, warp_images


class GreyTransform(ABC):
    """Changes values: each image with probability ``prob``."""

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    @abstractmethod
    def change(self, images: Tensor) -> Tensor:
        """Every image (N, 3, H, W) in [0, 1], changed."""

    def __call__(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1]."""
        chosen = torch.rand(len(images), 1, 1, 1, device=images.device) < self.prob
        return torch.where(chosen, self.change(images).clamp(0, 1), images)


class GeometricTransform(ABC):
    """Moves pixels."""

    @abstractmethod
    def homographies(self, count: int, height: int, width: int) -> Tensor:
        """(count, 3, 3) in float64: where pixel (x, y) of an image of H x W goes."""


@TRANSFORMS.register_module()
class RandomGreyInversion(GreyTransform):
    """T_i: values above a threshold, uniform in [0, 1] an image, become 1 - value.

    *Deviation*: the paper does not give the probability; 0.5 here as for noise and blur.
    """

    def change(self, images: Tensor) -> Tensor:
        """Invert what is brighter than the threshold."""
        threshold = torch.rand(len(images), 1, 1, 1, device=images.device)
        return torch.where(images > threshold, 1 - images, images)


@TRANSFORMS.register_module()
class GaussianBlur(GreyTransform):
    """T_b: Gaussian blur of ``sigma`` pixels (paper: 1), cut at 3 sigma."""

    def __init__(self, sigma: float = 1.0, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.sigma = sigma

    def change(self, images: Tensor) -> Tensor:
        """Blur."""
        return gaussian_blur(images, 2 * round(3 * self.sigma) + 1, self.sigma)


@TRANSFORMS.register_module()
class GaussianNoise(GreyTransform):
    """T_n: additive normal noise of mean 0 and ``variance`` (paper: 0.01, on values in [0, 1]), the same in all channels.

    *Deviation*: of the images at hand one modality is grey, so that noise per channel would betray it.
    """

    def __init__(self, variance: float = 0.01, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.std = variance**0.5

    def change(self, images: Tensor) -> Tensor:
        """Add noise."""
        return images + self.std * torch.randn_like(images[:, :1])


@TRANSFORMS.register_module()
class RandomProjection(GeometricTransform):
    """T_q: a quadrangle becomes the image.

    Each corner has moved inwards by up to ``ratio`` (paper: 0.2) of half the side, in x and in y.

    Source of the corner rule: ReDFeat, whose training data are made the same way; the paper says "ratio [0, 0.2]" only.
    """

    def __init__(self, ratio: float = 0.2) -> None:
        self.ratio = ratio

    def homographies(self, count: int, height: int, width: int) -> Tensor:
        """Solve four point pairs an image."""
        size = torch.tensor([width - 1.0, height - 1.0], dtype=torch.float64)
        corners = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)
        inwards = 1 - 2 * corners
        jitter = torch.rand(count, 4, 2, dtype=torch.float64) * self.ratio / 2
        return four_point_homographies((corners + inwards * jitter) * size, (corners * size).expand(count, 4, 2))


@TRANSFORMS.register_module()
class RandomRotation(GeometricTransform):
    """T_r: about the centre, uniform in [-degrees, degrees] (paper: 10)."""

    def __init__(self, degrees: float = 10.0) -> None:
        self.degrees = degrees

    def homographies(self, count: int, height: int, width: int) -> Tensor:
        """Rotations."""
        angle = torch.deg2rad((2 * torch.rand(count, dtype=torch.float64) - 1) * self.degrees)
        return _about_centre(_linear(angle.cos(), -angle.sin(), angle.sin(), angle.cos()), height, width)


@TRANSFORMS.register_module()
class RandomScale(GeometricTransform):
    """T_s: about the centre, by a factor uniform in ``factors`` (paper: [1, 1.2])."""

    def __init__(self, factors: tuple[float, float] = (1.0, 1.2)) -> None:
        self.factors = factors

    def homographies(self, count: int, height: int, width: int) -> Tensor:
        """Scalings."""
        low, high = self.factors
        factor = low + (high - low) * torch.rand(count, dtype=torch.float64)
        return _about_centre(_linear(factor, torch.zeros(count), torch.zeros(count), factor), height, width)


EQUATION_1 = tuple(
    dict(type=f'mmsight.{name}')
    for name in ('RandomGreyInversion', 'GaussianBlur', 'GaussianNoise', 'RandomProjection', 'RandomRotation', 'RandomScale'))
"""T = T_s T_r T_q T_n T_b T_i, in the order in which they are applied: from right to left."""


class RandomTransform:
    """A chain of transforms with one interpolation.

    Args:
        transforms (Sequence[dict]): Grey ones first, then geometric ones, in the order in which they apply.

    Raises:
        ValueError: If a grey transform follows a geometric one, which would need an interpolation of its own.
    """

    def __init__(self, transforms: tuple[dict, ...] = EQUATION_1) -> None:
        built = [TRANSFORMS.build(dict(transform)) for transform in transforms]
        self.grey = [transform for transform in built if isinstance(transform, GreyTransform)]
        self.geometric = [transform for transform in built if isinstance(transform, GeometricTransform)]
        if self.grey + self.geometric != built:
            raise ValueError('transforms must be grey ones first and geometric ones after them, found ' +
                             ', '.join(type(transform).__name__ for transform in built))

    def homographies(self, count: int, height: int, width: int) -> Tensor:
        """The product (count, 3, 3) of all geometric transforms, float64, on the CPU."""
        product = torch.eye(3, dtype=torch.float64).expand(count, 3, 3)
        for transform in self.geometric:
            product = transform.homographies(count, height, width) @ product
        return product

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Transform images (N, 3, H, W) in [0, 1].

        Returns:
            tuple: Images of the same shape, and the flow (N, H, W, 2) from the old to the new ones, NaN where a pixel leaves
            them.

        *Deviation*: what comes from beyond the border is mirrored; a black rim would be a landmark of its own.
        """
        count, _, height, width = images.shape
        changed = images
        for transform in self.grey:
            changed = transform(changed)
        if not self.geometric:
            homography = torch.eye(3, device=images.device).expand(count, 3, 3)
        else:
            homography = self.homographies(count, height, width).float().to(images.device)
            changed = warp_images(changed, homography)
        flow = homography_flow(homography, height, width)
        return changed, torch.where(inside(flow, height, width)[..., None], flow, torch.nan)


def four_point_homographies(source: Tensor, target: Tensor) -> Tensor:
    """The homographies (N, 3, 3) that map four points (N, 4, 2) onto four others, by linear equations with h33 = 1."""
    x, y = source.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    rows = []
    for axis, (first, second) in enumerate((((x, y, one), (zero, zero, zero)), ((zero, zero, zero), (x, y, one)))):
        u = target[..., axis]
        rows.append(torch.stack([*first, *second, -u * x, -u * y], dim=-1))
    solution = torch.linalg.solve(torch.cat(rows, dim=1), torch.cat([target[..., 0], target[..., 1]], dim=1))
    return torch.cat([solution, torch.ones_like(solution[:, :1])], dim=1).view(-1, 3, 3)


def _linear(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b.to(a), zero, c.to(a), d, zero, zero, zero, one], dim=-1).view(-1, 3, 3)


def _about_centre(matrix: Tensor, height: int, width: int) -> Tensor:
    shift = torch.eye(3, dtype=matrix.dtype)
    shift[:2, 2] = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    return shift @ matrix @ torch.linalg.inv(shift)
