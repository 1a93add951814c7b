"""LARSD's head: per location and anchor a score, four distances and an angle (paper, section II.B)."""

from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import reduce_mean
from mmengine.config import ConfigDict
from mmengine.model import bias_init_with_prob, normal_init
from mmengine.structures import InstanceData
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor, nn

from mmsight.engine.mixed_precision import full_precision
from mmsight.registry import MODELS, TASK_UTILS

from .assigner import image_numbers
from .bow import bow_logits, bow_loss
from .coder import edge_distances, ship_frame
from .directed_boxes import DirectedBoxes
from .lasa_heads import LASAMixin


@MODELS.register_module()
class LARSDHead(LASAMixin, BaseDenseHead):
    """Two towers of three 3x3 convolutions and a 1x1, shared by all levels: K scores and K * 5 regressions a location.

    Args:
        num_classes (int): Classes.
        in_channels (int): Channels of every level.
        feat_channels (int): Channels inside the towers.
        stacked_convs (int): 3x3 convolutions of a tower; the paper's 3.
        norm_cfg (dict, optional): Norm of the towers. Defaults to none. BN only with one level.
        prior_generator (dict): :class:`.ShipPriors`: levels and anchors.
        bbox_coder (dict): :class:`.EdgeDistanceCoder`.
        assigner (dict): :class:`.ShipAssigner`.
        loss_cls, loss_distance, loss_angle (dict): Losses of eq. 2; by default mmdet's focal loss, :class:`.DistanceIoULoss`
            and :class:`.CosineAngleLoss`.
        with_bow (bool): Tell bow from stern: a third tower, of 1x1 convolutions without a norm, maps how much each place looks
            like a bow, and both ends of a box are compared: see :mod:`.bow`. Predictions then have ``bow_probabilities`` (n, ).
            It learns from :class:`.DirectedBoxes`; other boxes teach it nothing. Defaults to False.
        test_cfg (dict): mmdet's for one-stage heads (``nms_pre`` candidates a level above ``score_thr``, ``nms``,
            ``max_per_img``), and ``lasa``: see :class:`.LASAMixin`. Without ``lasa`` scores are raw.

    *Deviation*: the paper does not say that levels share their towers, which norm these have, or what N_cls is; here they
    share, and both N are the number of positives, at least 1, as focal loss is used. It does not tell bow from stern.
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 prior_generator: dict,
                 feat_channels: int = 256,
                 stacked_convs: int = 3,
                 norm_cfg: dict | None = None,
                 bbox_coder: dict | None = None,
                 assigner: dict | None = None,
                 loss_cls: dict | None = None,
                 loss_distance: dict | None = None,
                 loss_angle: dict | None = None,
                 with_bow: bool = False,
                 train_cfg: dict | None = None,
                 test_cfg: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.num_classes = self.cls_out_channels = num_classes
        self.use_sigmoid_cls = True
        self.test_cfg = ConfigDict(test_cfg or {})
        self.prior_generator = TASK_UTILS.build(prior_generator)
        if len(self.prior_generator.strides) > 1 and norm_cfg and 'BN' in norm_cfg['type']:
            raise ValueError("norm_cfg: the levels share the towers, and BN's running statistics would mix them: use GN, found "
                             f"{norm_cfg['type']}")
        self.bbox_coder = TASK_UTILS.build(bbox_coder or dict(type='mmsight.EdgeDistanceCoder'))
        self.assigner = TASK_UTILS.build(assigner or dict(type='mmsight.ShipAssigner'))
        self.loss_cls = MODELS.build(
            loss_cls or dict(type='mmdet.FocalLoss', use_sigmoid=True, alpha=0.25, gamma=2.0, loss_weight=1.0))
        self.loss_distance = MODELS.build(loss_distance or dict(type='mmsight.DistanceIoULoss'))
        self.loss_angle = MODELS.build(loss_angle or dict(type='mmsight.CosineAngleLoss'))

        def tower(out_channels: int) -> nn.Sequential:
            widths = [in_channels, *[feat_channels] * stacked_convs]
            return nn.Sequential(
                *(ConvModule(a, b, 3, padding=1, norm_cfg=norm_cfg) for a, b in zip(widths, widths[1:], strict=False)),
                nn.Conv2d(widths[-1], out_channels, 1))

        anchors = self.prior_generator.num_anchors
        self.cls_tower = tower(anchors * num_classes)
        self.reg_tower = tower(anchors * self.bbox_coder.encode_size)
        self.bow_tower = nn.Sequential(
            nn.Conv2d(in_channels, feat_channels, 1), nn.ReLU(), nn.Conv2d(feat_channels, feat_channels, 1), nn.ReLU(),
            nn.Conv2d(feat_channels, 1, 1)) if with_bow else None

    def init_weights(self) -> None:
        """Start with a score of 0.01 everywhere, so that the many negatives do not drown the first steps."""
        super().init_weights()
        normal_init(self.cls_tower[-1], std=0.01, bias=bias_init_with_prob(0.01))
        normal_init(self.reg_tower[-1], std=0.01)

    def forward(self, x: tuple[Tensor, ...]) -> tuple[list[Tensor], ...]:
        """Per level logits (N, K * classes, H, W) and regressions (N, K * 5, H, W); ``with_bow`` maps (N, 1, H, W), too."""
        towers = (self.cls_tower, self.reg_tower, self.bow_tower)
        return tuple([tower(level) for level in x] for tower in towers if tower is not None)

    def loss(self, x: tuple[Tensor, ...], batch_data_samples: list[DetDataSample]) -> dict[str, Tensor]:
        """See :meth:`loss_by_feat`."""
        gt_instances, gt_ignored, metas = unpack_gt_instances(batch_data_samples)
        cls_scores, bbox_preds, *bow_maps = self(x)
        return self.loss_by_feat(cls_scores, bbox_preds, gt_instances, metas, gt_ignored, *bow_maps)

    @full_precision
    def loss_by_feat(self, cls_scores: list[Tensor], bbox_preds: list[Tensor], batch_gt_instances: list[InstanceData],
                     batch_img_metas: list[dict], batch_gt_instances_ignore: list[InstanceData | None] | None = None,
                     bow_maps: list[Tensor] | None = None) -> dict[str, Tensor]:
        """The three terms of eq. 2; see the class for their normalisation. Inside ignored boxes nothing is background.

        With maps of bows ``loss_bow``, too, over the ships of :class:`.DirectedBoxes`.
        """
        shapes = [tuple(scores.shape[-2:]) for scores in cls_scores]
        logits = _flatten(cls_scores, self.num_classes)
        gt_bboxes = [get_box_tensor(gt.bboxes).float() for gt in batch_gt_instances]
        ignored = [boxes.new_empty(0, 5) if ignore is None else get_box_tensor(ignore.bboxes).float() for boxes, ignore in
                   zip(gt_bboxes, batch_gt_instances_ignore or [None] * len(gt_bboxes), strict=True)]
        assigned = self.assigner(gt_bboxes, self.prior_generator, shapes, ignored)
        positive = assigned > 0
        image, prior = positive.nonzero(as_tuple=True)
        # of each positive, its ship among all of the batch
        firsts = torch.tensor([0, *map(len, gt_bboxes)], device=assigned.device).cumsum(0)
        ship = firsts[image] + assigned[positive] - 1
        labels = torch.full_like(assigned, self.num_classes)
        labels[positive] = torch.cat([gt.labels for gt in batch_gt_instances])[ship]
        count = reduce_mean(positive.sum().float()).clamp(min=1).item()

        priors = torch.cat(self.prior_generator.grid_priors(shapes, device=logits.device))[prior]
        boxes = ship_frame(torch.cat(gt_bboxes)[ship])
        distances, angles = self.bbox_coder.distances(priors, _flatten(bbox_preds, 5)[image, prior])
        # a ship without a location inside was given one outside
        targets = edge_distances(priors[:, :2], boxes).clamp(min=0)
        losses = dict(
            loss_cls=self.loss_cls(logits.flatten(0, 1), labels.flatten(), (assigned >= 0).flatten().float(), avg_factor=count),
            loss_distance=self.loss_distance(distances, targets, avg_factor=count),
            loss_angle=self.loss_angle(angles, boxes[:, 4], avg_factor=count))
        if bow_maps is not None:
            known = [isinstance(gt.bboxes, DirectedBoxes) for gt in batch_gt_instances]
            directed = [part if is_known else part[:0] for part, is_known in zip(gt_bboxes, known, strict=True)]
            losses['loss_bow'] = bow_loss(bow_maps, torch.cat(directed), image_numbers(directed), self.prior_generator.strides)
        return losses

    def predict_by_feat(self, cls_scores: list[Tensor], bbox_preds: list[Tensor], bow_maps: list[Tensor] | None = None,
                        batch_img_metas: list[dict] | None = None, rescale: bool = False, **kwargs: Any) -> list[InstanceData]:
        """The host's, and with maps of bows the ``bow_probabilities`` of its boxes."""
        found = super().predict_by_feat(cls_scores, bbox_preds, batch_img_metas=batch_img_metas, rescale=rescale, **kwargs)
        if bow_maps is None:
            return found
        for number, (part, meta) in enumerate(zip(found, batch_img_metas or [], strict=True)):
            boxes = RotatedBoxes(get_box_tensor(part.bboxes).float())
            if rescale:
                boxes.rescale_(meta['scale_factor'])
            image = torch.full((len(boxes), ), number, device=boxes.device)
            part.bow_probabilities = bow_logits(bow_maps, boxes.tensor, image, self.prior_generator.strides).sigmoid()
        return found


def _flatten(levels: list[Tensor], size: int) -> Tensor:
    """Maps (N, K * size, H, W) to (N, priors, size), in the order of the priors."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(len(level), -1, size) for level in levels], dim=1)
