"""Soft Dice of the foreground (paper, section II.C)."""

import torch
from torch import Tensor, nn

from mmsight.registry import MODELS


@MODELS.register_module()
class ForegroundDiceLoss(nn.Module):
    r"""1 - (2 sum(p g) + eps) / (sum(p) + sum(g) + eps), p the softmax probability of a class and g its 0/1 target.

    The sums run over all pixels of the *batch*, so that a slice without liver adds only its false positives. A batch without
    any target is well defined: 0 where nothing is predicted, near 1 otherwise. With more than two classes the foreground
    classes' losses are averaged. mmseg's DiceLoss pools the classes, in which background drowns a small liver, and takes
    ``ignore_index`` for a class.

    Args:
        loss_weight (float): Weight. Defaults to 1.
        eps (float): Keeps an empty batch defined. With ``per_image`` it is also the area, in pixels, below which a liver
            counts less and less: one pixel more or less on a liver of three says little. Defaults to 1e-5.
        per_image (bool): Take the loss of each image, and their mean, so that a small liver counts as much as a large one, as
            in a mean over cases. Defaults to False: sums over the batch.
        loss_name (str): Name in the log.
    """

    def __init__(self, loss_weight: float = 1.0, eps: float = 1e-5, per_image: bool = False,
                 loss_name: str = 'loss_dice') -> None:
        super().__init__()
        self.loss_weight, self.eps, self.per_image, self.loss_name = loss_weight, eps, per_image, loss_name

    def forward(self, logits: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = 255) -> Tensor:
        """Scalar loss.

        Args:
            logits (Tensor): (N, classes, ...), background first.
            target (Tensor): (N, ...), class of each pixel; pixels of ``ignore_index`` count nowhere.
            weight (Tensor, optional): (N, ...), weight of each pixel.
            ignore_index (int): Label of the pixels to leave out.
        """
        valid = (target != ignore_index).float()
        valid = valid if weight is None else valid * weight
        axes = tuple(range(2, logits.ndim)) if self.per_image else (0, *range(2, logits.ndim))
        # in half precision the sums over a batch would overflow
        probability = logits.float().softmax(dim=1)[:, 1:]
        classes = torch.arange(1, logits.shape[1], device=target.device).view(1, -1, *[1] * (target.ndim - 1))
        truth = (target[:, None] == classes) * valid[:, None]
        shared = (probability * truth).sum(axes)
        total = (probability * valid[:, None]).sum(axes) + truth.sum(axes)
        return self.loss_weight * (1 - (2 * shared + self.eps) / (total + self.eps)).mean()
