"""Heatmap targets of CenterNet: elliptic (paper, section 2.3) and the two circular ones in use. All sizes are in cells."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Gaussians(NamedTuple):
    """Gaussians of n boxes: centre cells, kernel radii (both long (n, 2), x before y) and sigmas (float (n, 2))."""

    centres: Tensor
    radii: Tensor
    sigmas: Tensor


def _clip(boxes: Tensor, width: int, height: int) -> Tensor:
    limit = boxes.new_tensor([width - 1, height - 1, width - 1, height - 1])
    return torch.minimum(boxes.clamp(min=0), limit)


def elliptic_gaussians(boxes: Tensor, width: int, height: int, alpha: float = 0.8, sigma_mode: str = 'kernel') -> Gaussians:
    r"""Elliptic Gaussians (paper eq. 4, after TTFNet): :math:`\sigma_x = \alpha w / 6, \sigma_y = \alpha h / 6`.

    Args:
        boxes (Tensor): (n, 4), x1, y1, x2, y2 in cells; w and h are those inside the map.
        width (int): Of the map.
        height (int): Of the map.
        alpha (float): Share of the box that the kernel covers. The paper finds 0.8 best.
        sigma_mode (str): ``'kernel'``, as TTFNet computes it: r = int(alpha w / 2), sigma = (2 r + 1) / 6. ``'continuous'``,
            as eq. 4 is printed: sigma = alpha w / 6, with the same kernel.

    *Deviation*: the paper prints the continuous form and refers to TTFNet, which rounds; ``'kernel'`` is the default. With
    it, a ship less than 2 / alpha cells wide is a single positive cell.
    """
    if sigma_mode not in ('kernel', 'continuous'):
        raise ValueError(f"sigma_mode must be 'kernel' or 'continuous', found '{sigma_mode}'")
    inside = _clip(boxes, width, height)
    sizes = inside[:, 2:] - inside[:, :2]
    radii = (sizes / 2 * alpha).long()
    sigmas = (2 * radii + 1) / 6 if sigma_mode == 'kernel' else (sizes * alpha / 6).clamp(min=1e-3)
    return Gaussians(_cells((boxes[:, :2] + boxes[:, 2:]) / 2, width, height), radii, sigmas.to(boxes.dtype))


def circular_gaussians(boxes: Tensor, width: int, height: int, radius: str = 'cornernet') -> Gaussians:
    """Circular Gaussians of CenterNet, sigma = (2 r + 1) / 6.

    Args:
        boxes (Tensor): (n, 4), in cells.
        width (int): Of the map.
        height (int): Of the map.
        radius (str): ``'cornernet'``: CornerNet's formula as first published (overlap 0.7, roots divided by 2 where 2a is due),
            which the paper's code base uses. ``'mmdet'``: the corrected roots with overlap 0.3.

    *Deviation*: the paper's code base also takes the centre of the clipped box; ours is the box's own, as the size and the
    offset are, and it makes a difference only for boxes that reach over the border.
    """
    if radius not in ('cornernet', 'mmdet'):
        raise ValueError(f"radius must be 'cornernet' or 'mmdet', found '{radius}'")
    if radius == 'cornernet':
        inside = _clip(boxes, width, height)  # this code base clips first and rounds the sizes up
        w, h = (inside[:, 2:] - inside[:, :2]).ceil().unbind(1)
        overlap = 0.7
    else:
        w, h = (boxes[:, 2:] - boxes[:, :2]).unbind(1)
        overlap = 0.3
    total, area = w + h, w * h
    # the three quadratic equations a r^2 + b r + c = 0 of CornerNet: a box grown, shrunk or shifted by r keeps the overlap
    root1 = (total**2 - 4 * area * (1 - overlap) / (1 + overlap)).sqrt()
    root2 = (4 * total**2 - 16 * area * (1 - overlap)).sqrt()
    root3 = (4 * overlap**2 * total**2 + 16 * overlap * (1 - overlap) * area).sqrt()
    if radius == 'cornernet':
        radii = torch.stack([total + root1, 2 * total + root2, root3 - 2 * overlap * total]) / 2
    else:
        radii = torch.stack(
            [(total - root1) / 2, (2 * total - root2) / 8, (root3 - 2 * overlap * total) / (8 * overlap)])
    radii = radii.amin(dim=0).clamp(min=0).long()[:, None].expand(-1, 2)
    centres = _cells((boxes[:, :2] + boxes[:, 2:]) / 2, width, height)
    return Gaussians(centres, radii, ((2 * radii + 1) / 6).to(boxes.dtype))


def _cells(points: Tensor, width: int, height: int) -> Tensor:
    """The cells (long) that hold points (n, 2); a point on or beyond the border belongs to the border's cell."""
    return torch.minimum(points.long().clamp(min=0), torch.tensor([width - 1, height - 1], device=points.device))


def kernel_cells(gaussians: Gaussians, width: int, height: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every cell of every kernel that lies inside the map of ``width`` and ``height``.

    Returns:
        tuple: The number of the Gaussian, x and y, all long (m, ), and its value (m, ) in (0, 1], exactly 1 at the centres.
    """
    kernel = 2 * gaussians.radii + 1
    cells = kernel.prod(dim=1)
    box = torch.arange(len(cells), device=cells.device).repeat_interleave(cells)
    index = torch.arange(len(box), device=box.device) - (cells.cumsum(0) - cells)[box]
    dx = index % kernel[box, 0] - gaussians.radii[box, 0]
    dy = torch.div(index, kernel[box, 0], rounding_mode='floor') - gaussians.radii[box, 1]
    x, y = gaussians.centres[box, 0] + dx, gaussians.centres[box, 1] + dy
    value = torch.exp(-dx**2 / (2 * gaussians.sigmas[box, 0]**2) - dy**2 / (2 * gaussians.sigmas[box, 1]**2))
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return box[inside], x[inside], y[inside], value[inside]


def draw_heatmaps(gaussians: Gaussians, planes: Tensor, shape: tuple[int, int, int], max_cells: int = 1_000_000) -> Tensor:
    """Draw all Gaussians of a batch at once; where they overlap the larger value stands.

    Args:
        gaussians (Gaussians): Of n boxes, of any images and classes.
        planes (Tensor): Long (n, ), the plane that each is drawn on: image * classes + class.
        shape (tuple[int, int, int]): Planes P, height and width.
        max_cells (int): Cells drawn at once: bounds the scratch memory to about 60 bytes each.

    Returns:
        Tensor: (P, height, width), in [0, 1], exactly 1 at the centres.
    """
    _, height, width = shape
    heatmap = gaussians.sigmas.new_zeros(shape).flatten()
    cells = (2 * gaussians.radii + 1).prod(dim=1)
    if not len(cells):
        return heatmap.view(shape)
    chunks = torch.div(cells.cumsum(0) - 1, max_cells, rounding_mode='floor')
    counts = chunks.unique_consecutive(return_counts=True)[1].tolist()
    for *chunk, plane in zip(*(part.split(counts) for part in (*gaussians, planes)), strict=True):
        box, x, y, value = kernel_cells(Gaussians(*chunk), width, height)
        heatmap.scatter_reduce_(0, (plane[box] * height + y) * width + x, value, 'amax')
    return heatmap.view(shape)


def background_weights(ignored: Sequence | None, shape: tuple[int, int, int], stride: int, device: torch.device) -> Tensor:
    """What a cell counts as background: 0 where an ignored box covers it, in part or whole, else 1.

    Args:
        ignored (Sequence, optional): Per image None, or an InstanceData whose ``bboxes`` (n, 4) are x1, y1, x2, y2 in pixels.
        shape (tuple[int, int, int]): Images N, height and width of the map.
        stride (int): Pixels per cell.

    Returns:
        Tensor: (N, H, W).
    """
    weights = torch.ones(shape, device=device)
    for plane, instances in zip(weights, ignored or [], strict=False):
        for x1, y1, x2, y2 in [] if instances is None else (instances.bboxes / stride).tolist():
            plane[max(0, math.floor(y1)):max(0, math.ceil(y2)), max(0, math.floor(x1)):max(0, math.ceil(x2))] = 0
    return weights
