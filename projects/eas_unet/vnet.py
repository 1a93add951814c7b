"""V-Net (Milletari et al., 2016), the paper's 3D baseline: MONAI's network as a model of this toolbox."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmsight.registry import MODELS


@MODELS.register_module()
class VNet(BaseModel):
    """V-Net on patches in training, by overlapping patches on whole volumes in tests.

    Args:
        loss_decode (list[dict]): Losses of logits (N, 2, slices, H, W) and targets (N, slices, H, W).
        patch (tuple[int, int, int]): (slices, h, w) of a test patch, multiples of 16. Defaults to the paper's (32, 256, 256).
        overlap (float): Share of a patch that the next one covers again. Defaults to 0.25.
    """

    def __init__(self, loss_decode: list[dict], patch: tuple[int, int, int] = (32, 256, 256), overlap: float = 0.25,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        from monai.networks.nets.vnet import VNet as MonaiVNet  # a slow import, only for 3D
        self.network = MonaiVNet(spatial_dims=3, in_channels=1, out_channels=2, act='prelu')
        self.loss_decode = nn.ModuleList(MODELS.build(loss) for loss in loss_decode)
        self.patch, self.overlap = tuple(patch), overlap

    def forward(self, inputs: Sequence[Tensor], data_samples: Any = None,
                mode: str = 'tensor') -> dict[str, Tensor] | list[SegDataSample] | Tensor:
        """Losses of patches, predictions of volumes, or logits.

        Args:
            inputs (Sequence[Tensor]): Each (1, slices, H, W) in [0, 1]; of one size in training.
            data_samples (list[SegDataSample], optional): With ``gt_sem_seg``; predictions are added as ``pred_sem_seg``.
            mode (str): ``'loss'``, ``'predict'`` or ``'tensor'``.
        """
        if mode == 'loss':
            logits = self.network(torch.stack(tuple(inputs)))
            target = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
            return {str(loss.loss_name): loss(logits, target, ignore_index=255) for loss in self.loss_decode}
        if mode == 'predict':
            for volume, sample in zip(inputs, data_samples, strict=True):
                sample.pred_sem_seg = PixelData(data=self.predict_volume(volume))
            return data_samples
        return self.network(torch.stack(tuple(inputs)))

    def predict_volume(self, volume: Tensor) -> Tensor:
        """Mask (slices, H, W), int64, of a volume (1, slices, H, W) of any size."""
        from monai.inferers.utils import sliding_window_inference

        def margin(patches: Tensor) -> Tensor:
            background, liver = self.network(patches).unbind(dim=1)
            return (liver - background)[:, None]

        logits: Any = sliding_window_inference(volume[None], self.patch, 1, margin, overlap=self.overlap)
        return (logits[0, 0] > 0).long()
