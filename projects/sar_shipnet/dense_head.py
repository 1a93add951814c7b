"""The same network with a loss on every cell of a ship, which learns in fewer steps than the paper's."""

from typing import Any

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torchvision.ops import complete_box_iou_loss

from mmsight.engine.mixed_precision import full_precision
from mmsight.registry import MODELS

from .centernet_head import GaussianCenterNetHead
from .gaussian_targets import kernel_cells


@MODELS.register_module()
class DenseCenterNetHead(GaussianCenterNetHead):
    r"""A :class:`GaussianCenterNetHead` that is trained on the whole Gaussian of a ship; maps, decoding and weights are its.

    CenterNet's loss has one positive cell a ship. Here

    - the heatmap's targets are the Gaussian's values, under the quality focal loss (Li et al., 2020);
    - every cell of the Gaussian's kernel predicts the box: its ``offset`` then reaches from the cell to the centre of the ship.
      A cell that several kernels share learns the ship whose Gaussian is higher there. The losses are CIoU and 0.1 L1 of offset
      and size, weighted by the Gaussian, as in TTFNet (Liu et al., 2020); a ship's weights sum to 1.

    Sums are divided by the number of ships, at least 1. All is computed in fp32. Inside a box that the data set ignores no cell
    is background.

    Args:
        **kwargs: Of :class:`GaussianCenterNetHead`.
        loss_center_heatmap, loss_wh, loss_offset (dict, optional): Losses of mmdet. By default QualityFocalLoss, and L1Loss of
            weight 0.1 twice.

    *Deviation*: the paper trains with eq. 5. This is a switch for few training steps.
    """

    def __init__(self, *, loss_center_heatmap: dict | None = None, loss_wh: dict | None = None,
                 loss_offset: dict | None = None, **kwargs: Any) -> None:
        super().__init__(
            loss_center_heatmap=loss_center_heatmap or dict(type='mmdet.QualityFocalLoss', activated=True),
            loss_wh=loss_wh or dict(type='mmdet.L1Loss', loss_weight=0.1),
            loss_offset=loss_offset or dict(type='mmdet.L1Loss', loss_weight=0.1),
            **kwargs)

    @full_precision
    def loss_by_feat(self, heatmap: Tensor, wh: Tensor, offset: Tensor, batch_gt_instances: list[InstanceData],
                     batch_img_metas: list[dict], batch_gt_instances_ignore: list | None = None) -> dict[str, Tensor]:
        """The four terms that the class describes."""
        target = self.get_targets([gt.bboxes for gt in batch_gt_instances], [gt.labels for gt in batch_gt_instances],
                                  tuple(heatmap.shape))
        image, label = target['image'], target['label']
        count = max(1, len(image))
        height, width = heatmap.shape[-2:]
        ship, x, y, value = kernel_cells(target['gaussians'], width, height)
        highest = value >= target['heatmap'][image[ship], label[ship], y, x]
        ship, x, y, value = ship[highest], x[highest], y[highest], value[highest]
        weight = value / value.new_zeros(count).index_add_(0, ship, value)[ship]

        cell = torch.stack([x, y], dim=1)
        found_wh, found_offset = wh[image[ship], :, y, x], offset[image[ship], :, y, x]
        wanted_wh = target['wh'][ship]
        wanted_offset = target['offset'][ship] + target['gaussians'].centres[ship] - cell
        pairs = weight[:, None].expand(-1, 2)
        weights = self.heatmap_weights(target['heatmap'], batch_gt_instances_ignore)
        # torchvision's loss, because mmdet's CIoULoss is NaN for an exact prediction
        ciou = complete_box_iou_loss(_boxes(found_offset, found_wh.clamp(min=1e-3)), _boxes(wanted_offset, wanted_wh))
        return dict(
            loss_center_heatmap=self.loss_center_heatmap(
                heatmap.reshape(-1, 1), target['heatmap'].reshape(-1, 1), weights.reshape(-1), avg_factor=count),
            loss_iou=(ciou * weight).sum() / count,
            loss_wh=self.loss_wh(found_wh, wanted_wh, pairs, avg_factor=count),
            loss_offset=self.loss_offset(found_offset, wanted_offset, pairs, avg_factor=count))


def _boxes(offset: Tensor, wh: Tensor) -> Tensor:
    """Boxes (n, 4), x1, y1, x2, y2 in cells from their own cell, of ``offset`` and ``wh`` (n, 2)."""
    return torch.cat([offset - wh / 2, offset + wh / 2], dim=1)
