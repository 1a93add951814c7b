"""Multi-scale output fusion, with deep supervision as an option (paper, Fig. 6)."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmsight.registry import MODELS


@MODELS.register_module()
class FusionHead(BaseDecodeHead):
    """A 1x1 convolution to class maps at each scale; all are upsampled to the largest, concatenated, and fused by 1x1.

    Args:
        in_channels (Sequence[int]): Channels of the chosen inputs.
        in_index (Sequence[int]): Which outputs of the backbone are fused.
        num_classes (int): Classes, background included.
        aux_weights (Sequence[float], optional): Weight of each scale's own loss, in the order of ``in_index``; the same losses
            as of the fused map. None for the fused map's loss alone.
        **kwargs: Arguments of mmseg's BaseDecodeHead: ``loss_decode``, ``ignore_index``, ``align_corners``, ...

    *Deviation*: the paper's text does not describe Fig. 6 and calls it both output fusion and deep supervision. Default: fusion
    of the decoder's outputs, no losses of their own.
    """

    def __init__(self, in_channels: Sequence[int], in_index: Sequence[int], num_classes: int,
                 aux_weights: Sequence[float] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault('dropout_ratio', 0)
        kwargs.setdefault('out_channels', num_classes)  # else mmseg advises against two
        super().__init__(in_channels, num_classes * len(in_channels), num_classes=num_classes, in_index=in_index,
                         input_transform='multiple_select', **kwargs)
        if aux_weights is not None and len(aux_weights) != len(in_channels):
            raise ValueError(f'aux_weights needs a weight for each of the {len(in_channels)} inputs, found {len(aux_weights)}')
        self.aux_weights = aux_weights
        self.sides = nn.ModuleList(nn.Conv2d(channels, num_classes, 1) for channels in in_channels)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, num_classes, H, W) at the size of the largest chosen input."""
        return self._fuse(self._side_outputs(inputs))

    def _side_outputs(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        return [side(x) for side, x in zip(self.sides, self._transform_inputs(inputs), strict=True)]

    def _fuse(self, outputs: list[Tensor]) -> Tensor:
        size = max((output.shape[-2:] for output in outputs), key=tuple)
        return self.cls_seg(torch.cat([
            resize(output, size, mode='bilinear', align_corners=self.align_corners) for output in outputs], dim=1))

    def loss(self, inputs: Sequence[Tensor], batch_data_samples: list, train_cfg: dict) -> dict[str, Tensor]:
        """Losses of the fused map and, with ``aux_weights``, of each scale as ``aux<i>_<name>``."""
        outputs = self._side_outputs(inputs)
        losses = self.loss_by_feat(self._fuse(outputs), batch_data_samples)
        for index, weight in enumerate(self.aux_weights or ()):
            for name, value in self.loss_by_feat(outputs[index], batch_data_samples).items():
                if name.startswith('loss'):
                    losses[f'aux{index}_{name}'] = weight * value
        return losses
