"""CenterNet head with circular or elliptic Gaussian targets and the loss of paper eq. 5."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.ops import batched_nms
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.utils import get_local_maximum, get_topk_from_heatmap
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmsight.engine.mixed_precision import full_precision
from mmsight.registry import MODELS

from .gaussian_targets import background_weights, circular_gaussians, draw_heatmaps, elliptic_gaussians

GAUSSIANS = {'elliptic': elliptic_gaussians, 'circular': circular_gaussians}


@MODELS.register_module()
class GaussianCenterNetHead(BaseDenseHead):
    r"""Centre heatmap, size and sub-cell offset on one map of stride 4.

    Each branch is 3x3 convolution, BN, ReLU, 1x1 convolution, as in the code base that the paper started from.

    Loss (paper eq. 5): :math:`(FL + 0.1 L_1^{wh} + L_1^{off}) / N`, N the centres of the batch, at least 1; FL is CenterNet's
    penalty-reduced focal loss; sizes are in cells. Each L1 is the *sum* of its two channels per centre. mmdet's CenterNetHead
    takes their mean, which halves both.

    Args:
        num_classes (int): Classes.
        in_channels (int): Channels of the input map.
        feat_channels (int): Channels inside the branches.
        gaussian (dict): ``shape`` ``'elliptic'`` with ``alpha`` and ``sigma_mode``, or ``'circular'`` with ``radius``; see
            :mod:`.gaussian_targets`.
        stride (int): Pixels per cell. Defaults to 4.
        loss_center_heatmap, loss_wh, loss_offset (dict): Losses of mmdet.
        test_cfg (dict): ``topk`` peaks above ``score_thr`` (default 0) that are highest within
            ``local_maximum_kernel``; ``nms`` (an mmcv config, default None); at most ``max_per_img`` boxes.

    *Deviation*: mmdet and the paper's code base let the last of two boxes with the same centre cell overwrite the other; here
    both count. Boxes without extent inside the map are dropped.
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int = 64,
                 feat_channels: int = 64,
                 gaussian: dict | None = None,
                 stride: int = 4,
                 loss_center_heatmap: dict | None = None,
                 loss_wh: dict | None = None,
                 loss_offset: dict | None = None,
                 train_cfg: dict | None = None,
                 test_cfg: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        gaussian = dict(gaussian or dict(shape='elliptic'))
        shape = gaussian.pop('shape')
        if shape not in GAUSSIANS:
            raise ValueError(f"gaussian.shape must be one of {', '.join(GAUSSIANS)}, found '{shape}'")
        self.gaussians: Any = GAUSSIANS[shape]
        self.gaussian_cfg = gaussian
        # with CornerNet's radius, boxes are clipped to the last cell's index, and those of which nothing is left are dropped
        self.border = 1 if shape == 'circular' and gaussian.get('radius', 'cornernet') == 'cornernet' else 0
        self.num_classes = num_classes
        self.stride = stride
        self.test_cfg = ConfigDict(test_cfg or {})
        self.heatmap_head: Any = _branch(in_channels, feat_channels, num_classes)
        self.wh_head = _branch(in_channels, feat_channels, 2)
        self.offset_head = _branch(in_channels, feat_channels, 2)
        self.loss_center_heatmap = MODELS.build(loss_center_heatmap or dict(type='mmdet.GaussianFocalLoss'))
        self.loss_wh = MODELS.build(loss_wh or dict(type='mmdet.L1Loss', loss_weight=0.1))
        self.loss_offset = MODELS.build(loss_offset or dict(type='mmdet.L1Loss', loss_weight=1.0))

    def init_weights(self) -> None:
        """Start the heatmap near 0.1 everywhere, so that the many negatives do not drown the first steps.

        *Deviation*: the code base that the paper started from also sets the last weights to 0. All features behind the ReLU
        then look alike to the optimiser: Adam makes every weight equally negative, a ship can do no more than switch all
        features off, and no score exceeds the sigmoid of the bias. CenterNet's authors leave the weights random, and so do we.
        """
        super().init_weights()
        nn.init.constant_(self.heatmap_head[-1].bias, -2.19)

    def forward(self, x: tuple[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Heatmap in (0, 1) (N, classes, H, W), sizes and offsets in cells (N, 2, H, W), of the one map ``x[0]``."""
        feature, = x
        # in half precision the sigmoid would round to 0 or 1, where the focal loss has no logarithm
        heatmap = self.heatmap_head(feature).float().sigmoid()
        return heatmap, self.wh_head(feature), self.offset_head(feature)

    def get_targets(self, gt_bboxes: list[Tensor], gt_labels: list[Tensor],
                    shape: Sequence[int]) -> dict[str, Any]:
        """Targets of a batch, all boxes at once.

        Args:
            gt_bboxes (list[Tensor]): Per image (n_i, 4), x1, y1, x2, y2 in pixels of the input.
            gt_labels (list[Tensor]): Per image (n_i, ).
            shape (tuple): Of the heatmap: images N, classes, H, W.

        Returns:
            dict: ``heatmap`` (N, classes, H, W); and for the n boxes with extent inside the map (of ``'cornernet'`` circles:
            before its last column and row) ``image`` and ``label`` (n, ), their ``gaussians``
            (:class:`.gaussian_targets.Gaussians`), ``centre`` cells, ``wh`` and ``offset`` in cells (n, 2).
        """
        images, classes, height, width = shape
        image = torch.cat([labels.new_full((len(labels), ), i) for i, labels in enumerate(gt_labels)])
        boxes, labels = torch.cat(gt_bboxes).float() / self.stride, torch.cat(gt_labels)
        limit = boxes.new_tensor([width - self.border, height - self.border])
        extent = torch.minimum(boxes[:, 2:], limit) - boxes[:, :2].clamp(min=0)
        inside = (extent > 0).all(dim=1)
        image, boxes, labels = image[inside], boxes[inside], labels[inside]
        gaussians = self.gaussians(boxes, width, height, **self.gaussian_cfg)
        heatmap = draw_heatmaps(gaussians, image * classes + labels, (images * classes, height, width))
        return dict(
            heatmap=heatmap.view(shape),
            image=image,
            label=labels,
            gaussians=gaussians,
            centre=gaussians.centres,
            wh=boxes[:, 2:] - boxes[:, :2],
            offset=(boxes[:, :2] + boxes[:, 2:]) / 2 - gaussians.centres)

    def heatmap_weights(self, heatmap: Tensor, batch_gt_instances_ignore: list | None) -> Tensor:
        """Of the targets ``heatmap`` (N, classes, H, W): 0 where an ignored box covers a cell that no ship claims, else 1."""
        images, _, height, width = heatmap.shape
        background = background_weights(batch_gt_instances_ignore, (images, height, width), self.stride, heatmap.device)
        return torch.where(heatmap > 0, 1, background[:, None])

    @full_precision
    def loss_by_feat(self, heatmap: Tensor, wh: Tensor, offset: Tensor, batch_gt_instances: list[InstanceData],
                     batch_img_metas: list[dict], batch_gt_instances_ignore: list | None = None) -> dict[str, Tensor]:
        """The three terms of eq. 5; see the class for shapes and normalisation. Inside ignored boxes nothing is background."""
        target = self.get_targets([gt.bboxes for gt in batch_gt_instances], [gt.labels for gt in batch_gt_instances],
                                  heatmap.shape)
        count = max(1, len(target['image']))
        weights = self.heatmap_weights(target['heatmap'], batch_gt_instances_ignore)
        x, y = target['centre'].unbind(1)
        return dict(
            loss_center_heatmap=self.loss_center_heatmap(heatmap, target['heatmap'], weight=weights, avg_factor=count),
            loss_wh=self.loss_wh(wh[target['image'], :, y, x], target['wh'], avg_factor=count),
            loss_offset=self.loss_offset(offset[target['image'], :, y, x], target['offset'], avg_factor=count))

    def predict_by_feat(self, heatmap: Tensor, wh: Tensor, offset: Tensor, batch_img_metas: list[dict],
                        rescale: bool = True, cfg: dict | None = None, with_nms: bool = True) -> list[InstanceData]:
        """Decode the maps into boxes, x1, y1, x2, y2 in pixels: of the original image with ``rescale``, else of the input."""
        cfg = self.test_cfg if cfg is None else cfg
        heatmap = get_local_maximum(heatmap, kernel=cfg.get('local_maximum_kernel', 3))
        topk = min(cfg.get('topk', 100), heatmap[0].numel())
        scores, _, labels, ys, xs = get_topk_from_heatmap(heatmap, k=topk)
        image = torch.arange(len(heatmap), device=heatmap.device)[:, None]
        rows, columns = ys.long(), xs.long()
        centres = torch.stack([xs, ys], dim=-1) + offset[image, :, rows, columns]
        sizes = wh[image, :, rows, columns]
        boxes = torch.cat([centres - sizes / 2, centres + sizes / 2], dim=-1) * self.stride
        return [
            self._finish(box, score, label, meta, rescale, cfg, with_nms)
            for box, score, label, meta in zip(boxes, scores, labels, batch_img_metas, strict=True)
        ]

    def _finish(self, boxes: Tensor, scores: Tensor, labels: Tensor, meta: dict, rescale: bool, cfg: dict,
                with_nms: bool) -> InstanceData:
        """Clip, rescale, threshold and suppress the boxes of one image."""
        height, width = meta['img_shape'][:2]
        boxes = torch.minimum(boxes.clamp(min=0), boxes.new_tensor([width, height, width, height]))
        if rescale:
            boxes = boxes / boxes.new_tensor(meta['scale_factor']).repeat(2)
        # a predicted size may be negative: such a box is empty
        valid = (scores > cfg.get('score_thr', 0)) & (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
        results = InstanceData(bboxes=boxes[valid], scores=scores[valid], labels=labels[valid].long())
        if with_nms and cfg.get('nms') is not None and len(results):
            _, keep = batched_nms(results.bboxes, results.scores, results.labels, dict(cfg['nms']))
            results = results[keep]
        return results[:cfg.get('max_per_img', 100)]


def _branch(in_channels: int, feat_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, feat_channels, 3, padding=1, bias=False), nn.BatchNorm2d(feat_channels),
        nn.ReLU(inplace=True), nn.Conv2d(feat_channels, out_channels, 1))
