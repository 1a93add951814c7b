"""The regression losses of paper eq. 2: UnitBox's IoU on the four distances, EAST's cosine on the angle."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmsight.registry import MODELS


@MODELS.register_module()
class DistanceIoULoss(BaseModule):
    r""":math:`L_d = -\ln\frac{I + s}{U + s}` of two boxes that share a location and, as it were, their angle.

    :math:`I = (\min(d_2, d_2^*) + \min(d_4, d_4^*))(\min(d_1, d_1^*) + \min(d_3, d_3^*))` and U is the union; it is the IoU of
    the rotated boxes where the predicted angle is right.

    Args:
        smooth (float): s, in square pixels. 1, as EAST's public code has it, keeps the logarithm finite; 0 is UnitBox.
        loss_weight (float): lambda_d.
    """

    def __init__(self, smooth: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.smooth, self.loss_weight = smooth, loss_weight

    def forward(self, pred: Tensor, target: Tensor, avg_factor: float) -> Tensor:
        """Sum over distances (n, 4), top, right, bottom, left in pixels, divided by ``avg_factor``."""
        shared = torch.minimum(pred, target)
        inter = (shared[:, 1] + shared[:, 3]) * (shared[:, 0] + shared[:, 2])
        areas = [(d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3]) for d in (pred, target)]
        union = areas[0] + areas[1] - inter
        loss = torch.log((union + self.smooth) / (inter + self.smooth))
        return self.loss_weight * loss.sum() / avg_factor


@MODELS.register_module()
class CosineAngleLoss(BaseModule):
    r""":math:`L_a = 1 - \cos(\theta - \theta^*)`.

    Args:
        loss_weight (float): lambda_a. The paper is silent; EAST has 10: an error of 10 degrees costs 0.15.
    """

    def __init__(self, loss_weight: float = 10.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor, avg_factor: float) -> Tensor:
        """Sum over angles (n, ) in radians, divided by ``avg_factor``."""
        return self.loss_weight * (1 - torch.cos(pred - target)).sum() / avg_factor
