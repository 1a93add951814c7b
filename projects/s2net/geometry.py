"""Where a pixel of one image lies in the other: homographies and dense flow, in batches.

Points are (x, y) in pixels, the centre of the first pixel at (0, 0). A *flow* is absolute: (..., H, W, 2) holds, for each
pixel of the first image, its place in the second, NaN where there is none.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

OUTSIDE = -1e4
"""Replaces NaN in a flow: far from every image, and finite, so that rounding it is defined. What is read there is no value."""


def pixel_grid(height: int, width: int, device: torch.device | str | None = None) -> Tensor:
    """(H, W, 2), the place (x, y) of each pixel."""
    y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing='ij')
    return torch.stack([x, y], dim=-1).float()


def warp_points(points: Tensor, homography: Tensor) -> Tensor:
    """Map points by homographies.

    Args:
        points (Tensor): (..., n, 2).
        homography (Tensor): (..., 3, 3).

    Returns:
        Tensor: (..., n, 2); NaN where a point is mapped to or beyond infinity.
    """
    mapped = F.pad(points, (0, 1), value=1.0) @ homography.transpose(-1, -2)
    scale = mapped[..., 2:]
    return torch.where(scale > 1e-8, mapped[..., :2] / scale.clamp(min=1e-8), torch.nan)


def homography_flow(homography: Tensor, height: int, width: int) -> Tensor:
    """The flow (..., H, W, 2) of homographies (..., 3, 3)."""
    grid = pixel_grid(height, width, homography.device).to(homography.dtype).flatten(0, 1)
    return warp_points(grid, homography).unflatten(-2, (height, width))


def inside(points: Tensor, height: int, width: int) -> Tensor:
    """Whether points (..., 2) lie between the centres of the border pixels; NaN does not."""
    x, y = points.unbind(-1)
    return (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)


def sample_at(maps: Tensor, points: Tensor, padding_mode: str = 'zeros') -> Tensor:
    """Bilinear values of maps at points.

    Args:
        maps (Tensor): (N, C, H, W).
        points (Tensor): (N, h, w, 2) in pixels of the maps. Where they are NaN the value is of no meaning: mask it.
        padding_mode (str): What lies outside, as in :func:`torch.nn.functional.grid_sample`.

    Returns:
        Tensor: (N, C, h, w).
    """
    height, width = maps.shape[-2:]
    size = points.new_tensor([width - 1, height - 1]).clamp(min=1)
    grid = points.nan_to_num(OUTSIDE) * (2 / size) - 1
    return F.grid_sample(maps, grid.to(maps.dtype), mode='bilinear', padding_mode=padding_mode, align_corners=True)


def warp_images(images: Tensor, homography: Tensor, padding_mode: str = 'reflection') -> Tensor:
    """Move images (N, C, H, W) by homographies (N, 3, 3), one interpolation: pixel p goes to H p."""
    height, width = images.shape[-2:]
    return sample_at(images, homography_flow(torch.linalg.inv(homography), height, width), padding_mode)


def sample_flow(flow: Tensor, points: Tensor) -> Tensor:
    """Where points (n, 2) of the first image lie in the second, by a flow (H, W, 2): bilinear, NaN where a neighbour is."""
    if not len(points):
        return points.clone()
    height, width = flow.shape[:2]
    known = torch.isfinite(flow).all(dim=-1)
    maps = torch.cat([flow.nan_to_num(0.0), known[..., None].to(flow.dtype)], dim=-1).permute(2, 0, 1)[None]
    found = sample_at(maps, points[None, None].to(flow.dtype))[0, :, 0].T
    return torch.where((found[:, 2:] > 1 - 1e-4) & inside(points, height, width)[:, None], found[:, :2], torch.nan)
