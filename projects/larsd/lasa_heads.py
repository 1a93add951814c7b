"""LASA for any one-stage head: at test time, by ``test_cfg``, without touching a checkpoint."""

from typing import Any

import torch
from mmdet.models.utils import filter_scores_and_topk
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from mmrotate.models.dense_heads import RotatedFCOSHead, RotatedRetinaHead, RotatedRTMDetHead, RotatedRTMDetSepBNHead
from torch import Tensor

from mmsight.engine.mixed_precision import full_precision
from mmsight.registry import MODELS

from .lasa import LASA


class LASAMixin:
    """Put before a one-stage head of mmdet or mmrotate: replaces the scores of its candidates by aligned ones, then NMS.

    ``test_cfg.lasa`` holds the arguments of :class:`.LASA`; without it the head is the host's own. The order is the paper's:
    sigmoid, the host's pre-selection by raw score, decoding, LASA, ``score_thr``, NMS. Where the head has a second factor (the
    centerness of FCOS), that of the box's own location still multiplies the aligned score.
    """

    test_cfg: Any
    use_sigmoid_cls: bool
    num_classes: int
    prior_generator: Any
    _bbox_post_process: Any

    def loss_by_feat(self, *args: Any, **kwargs: Any) -> dict:
        """The host's losses, in float32 under mixed precision: some of them decode boxes."""
        return full_precision(super().loss_by_feat)(*args, **kwargs)

    def _predict_by_feat_single(self, cls_score_list: list[Tensor], score_factor_list: list[Any], img_meta: dict,
                                cfg: ConfigDict | None = None, rescale: bool = False, with_nms: bool = True,
                                **predictions: Any) -> InstanceData:
        cfg = self.test_cfg if cfg is None else cfg
        if cfg.get('lasa') is None:
            return super()._predict_by_feat_single(
                cls_score_list=cls_score_list, score_factor_list=score_factor_list, img_meta=img_meta, cfg=cfg,
                rescale=rescale, with_nms=with_nms, **predictions)
        if not self.use_sigmoid_cls:
            raise ValueError('test_cfg.lasa needs a head with sigmoid scores (loss_cls.use_sigmoid=True), found softmax')
        # the host's candidates, before any of them is dropped
        results = super()._predict_by_feat_single(
            cls_score_list=cls_score_list, score_factor_list=[None] * len(cls_score_list), img_meta=img_meta,
            cfg=ConfigDict(cfg, min_bbox_size=-1), rescale=False, with_nms=False, **predictions)
        score_maps = [scores.sigmoid() for scores in cls_score_list]
        origins = self.origins(score_maps, results.labels, cfg)
        lasa = LASA(**cfg.lasa)
        aligned = self.align(lasa, score_maps, get_box_tensor(results.bboxes), origins)
        results.scores = lasa.blend(results.scores, aligned)
        if score_factor_list[0] is not None:
            factors = torch.cat([factor.flatten().sigmoid() for factor in score_factor_list])
            levels, cells, _ = origins
            starts = torch.tensor([0, *(m[0].numel() for m in score_maps)], device=cells.device).cumsum(0)
            results.score_factors = factors[starts[levels] + cells]
        keep = results.scores > cfg.get('score_thr', 0)
        # field by field, because indexing the whole object iterates over its boxes
        results = InstanceData(**{name: values[keep] for name, values in results.items()})
        return self._bbox_post_process(results=results, cfg=cfg, rescale=rescale, with_nms=with_nms, img_meta=img_meta)

    def align(self, lasa: LASA, score_maps: list[Tensor], boxes: Tensor, origins: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Aligned scores (n, ) of an image's boxes (n, 5), in the input's pixels, that come from these :meth:`origins`."""
        levels, _, channels = origins
        return lasa(score_maps, boxes, levels, channels, self.prior_generator.strides, self.num_classes, self._offset())

    def locations(self, score_maps: list[Tensor], origins: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Where the boxes were predicted from: (n, 2), x and y, in the input's pixels."""
        levels, cells, _ = origins
        widths = torch.tensor([scores.shape[-1] for scores in score_maps], device=cells.device)[levels]
        at = torch.stack([cells % widths, torch.div(cells, widths, rounding_mode='floor')], dim=1)
        strides = torch.as_tensor(self.prior_generator.strides, device=cells.device).reshape(len(score_maps), -1)[levels]
        return (at + self._offset()) * strides

    def _offset(self) -> float:
        """Of a location in its cell, in cells, as the host has it."""
        prior = self.prior_generator
        return prior.offset if hasattr(prior, 'offset') else prior.center_offset

    def origins(self, score_maps: list[Tensor], labels: Tensor, cfg: ConfigDict) -> tuple[Tensor, Tensor, Tensor]:
        """Level, cell and channel (n, ) of each candidate: the host's own pre-selection, repeated for its indices."""
        levels, cells, anchors = [], [], []
        for level, score_map in enumerate(score_maps):
            scores = score_map.permute(1, 2, 0).reshape(-1, self.num_classes)
            index = filter_scores_and_topk(scores, cfg.get('score_thr', 0), cfg.get('nms_pre', -1))[2]
            per_cell = score_map.shape[0] // self.num_classes
            levels.append(torch.full_like(index, level))
            cells.append(torch.div(index, per_cell, rounding_mode='floor'))
            anchors.append(index % per_cell)
        return torch.cat(levels), torch.cat(cells), torch.cat(anchors) * self.num_classes + labels


@MODELS.register_module()
class LASARotatedRetinaHead(LASAMixin, RotatedRetinaHead):
    """mmrotate's RotatedRetinaHead with ``test_cfg.lasa``."""


@MODELS.register_module()
class LASARotatedFCOSHead(LASAMixin, RotatedFCOSHead):
    """mmrotate's RotatedFCOSHead with ``test_cfg.lasa``."""


@MODELS.register_module()
class LASARotatedRTMDetHead(LASAMixin, RotatedRTMDetHead):
    """mmrotate's RotatedRTMDetHead with ``test_cfg.lasa``."""


@MODELS.register_module()
class LASARotatedRTMDetSepBNHead(LASAMixin, RotatedRTMDetSepBNHead):
    """mmrotate's RotatedRTMDetSepBNHead, that of RTMDet-R tiny to large, with ``test_cfg.lasa``."""
