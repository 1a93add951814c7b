"""Rotated boxes as distances from a location to the four sides, and an angle (paper, section II.B and eq. 1)."""

import math

import torch
from mmdet.models.task_modules.coders.base_bbox_coder import BaseBBoxCoder
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from mmsight.registry import TASK_UTILS

QUARTER = math.pi / 4
MAX_EXPONENT = math.log(1000)  # keeps exp finite in the first steps


def ship_frame(boxes: Tensor) -> Tensor:
    """The same rectangles (n, 5) with angles in (-45, 45] degrees: w is the side nearer to horizontal.

    The corner with the smallest x + y is then at (-w/2, -h/2) in the box's own frame (paper, Fig. 4).
    """
    cx, cy, w, h, angle = boxes.unbind(-1)
    quarter_turns = torch.ceil((angle - QUARTER) / (2 * QUARTER))
    angle = (angle - quarter_turns * 2 * QUARTER).clamp(-QUARTER, QUARTER)  # rounding must not leave the range
    odd = quarter_turns.long() % 2 == 1
    return torch.stack([cx, cy, torch.where(odd, h, w), torch.where(odd, w, h), angle], dim=-1)


def edge_distances(points: Tensor, boxes: Tensor) -> Tensor:
    """Distances (n, 4) from points (n, 2) to the top, right, bottom and left side of boxes (n, 5); negative outside."""
    cx, cy, w, h, angle = boxes.unbind(-1)
    dx, dy = points[..., 0] - cx, points[..., 1] - cy
    cos, sin = angle.cos(), angle.sin()
    u, v = dx * cos + dy * sin, dy * cos - dx * sin
    return torch.stack([h / 2 + v, w / 2 - u, h / 2 - v, w / 2 + u], dim=-1)


@TASK_UTILS.register_module()
class EdgeDistanceCoder(BaseBBoxCoder):
    r"""(t1, t2, t3, t4, t_theta) of a prior to a rotated box and back.

    :math:`d_i = e_i \exp(t_i)` with :math:`e` the prior's h for the sides 1 (top) and 3 (bottom) and its w for 2 (right) and
    4 (left), or half of them; :math:`\theta = (2\,\mathrm{sigmoid}(t_\theta) - 1)\,\pi/4`.

    Args:
        anchor_extent (str): ``'full'``: e as printed in eq. 1, t = 0 is a box of twice the prior's size; ``'half'``: t = 0 is
            the prior itself. They differ by a shift of t by ln 2.

    *Deviation*: eq. 1 prints sigmoid(2 t - 1) pi/4, which cannot be negative; this is EAST's form, which the text describes.
    """

    encode_size = 5

    def __init__(self, anchor_extent: str = 'half') -> None:
        super().__init__()
        if anchor_extent not in ('half', 'full'):
            raise ValueError(f"anchor_extent must be 'half' or 'full', found '{anchor_extent}'")
        self.scale = 0.5 if anchor_extent == 'half' else 1.0

    def _extents(self, priors: Tensor) -> Tensor:
        return priors[..., [3, 2, 3, 2]] * self.scale

    def encode(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """t (n, 5) of boxes (n, 5) at priors ``bboxes`` (n, 4): x, y, w, h. The location must lie inside the box."""
        boxes = ship_frame(gt_bboxes)
        distances = edge_distances(bboxes[:, :2], boxes)
        t = torch.log(distances.clamp(min=1e-6) / self._extents(bboxes))
        return torch.cat([t, torch.logit((boxes[:, 4:] / QUARTER + 1) / 2, eps=1e-7)], dim=-1)

    def distances(self, priors: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Distances (n, 4) in pixels and angles (n, ) in (-pi/4, pi/4) of predictions t (n, 5)."""
        t = t.to(priors.dtype)
        d = self._extents(priors) * t[..., :4].clamp(max=MAX_EXPONENT).exp()
        return d, (2 * t[..., 4].sigmoid() - 1) * QUARTER

    def decode(self, bboxes: Tensor, pred_bboxes: Tensor, max_shape: tuple[int, int] | None = None) -> RotatedBoxes:
        """Boxes (n, 5) of predictions ``pred_bboxes`` (n, 5) at priors ``bboxes`` (n, 4). They may reach over the border."""
        distances, angle = self.distances(bboxes, pred_bboxes)
        top, right, bottom, left = distances.unbind(-1)
        u, v = (right - left) / 2, (bottom - top) / 2
        cos, sin = angle.cos(), angle.sin()
        cx, cy = bboxes[..., 0] + u * cos - v * sin, bboxes[..., 1] + u * sin + v * cos
        return RotatedBoxes(torch.stack([cx, cy, left + right, top + bottom, angle], dim=-1))
