"""UNet-like neck: C5 up to P2 by upsampling and concatenation (paper, section II.A and Fig. 3)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS


@MODELS.register_module()
class UNetFusionNeck(BaseModule):
    """Merge C2 to C5 step by step, from C5 to the finest level that is asked for.

    A step is: nearest upsampling of the deeper map to the size of the lateral one, concatenation, 3x3 convolution, 1x1
    convolution. A last 1x1 convolution gives every output the same number of channels.

    Args:
        in_channels (Sequence[int]): Channels of C2, C3, C4 and C5.
        merge_channels (Sequence[int]): Channels of P2, P3 and P4 after their step.
        out_channels (int): Channels of the outputs.
        out_levels (Sequence[int]): Which of the levels 2, 3 and 4 to return, finest first; steps that none of them needs are
            left out.
        norm_cfg (dict): Norm of the steps. Defaults to BN.

    *Deviation*: the paper gives no widths, norms or activations; widths halve from level to level, and each convolution of a
    step is followed by norm and ReLU. The output convolution has neither.
    """

    def __init__(self,
                 in_channels: Sequence[int] = (256, 512, 1024, 2048),
                 merge_channels: Sequence[int] = (128, 256, 512),
                 out_channels: int = 256,
                 out_levels: Sequence[int] = (2, 3, 4),
                 norm_cfg: dict | None = None,
                 init_cfg: dict | Sequence[dict] | None = None) -> None:
        super().__init__(init_cfg or [
            dict(type='Kaiming', layer='Conv2d', mode='fan_in', nonlinearity='relu'),
            dict(type='Constant', layer=['_BatchNorm', 'GroupNorm'], val=1)
        ])
        if not out_levels or not set(out_levels) <= {2, 3, 4} or list(out_levels) != sorted(set(out_levels)):
            raise ValueError(f'out_levels must be some of 2, 3 and 4, finest first, found {tuple(out_levels)}')
        self.out_levels = tuple(out_levels)
        norm_cfg = norm_cfg or dict(type='BN')
        self.merges, self.outputs = nn.ModuleDict(), nn.ModuleDict()
        deeper = in_channels[3]
        for level in range(4, min(out_levels) - 1, -1):
            width = merge_channels[level - 2]
            self.merges[f'p{level}'] = nn.Sequential(
                ConvModule(in_channels[level - 2] + deeper, width, 3, padding=1, norm_cfg=norm_cfg),
                ConvModule(width, width, 1, norm_cfg=norm_cfg))
            deeper = width
            if level in out_levels:
                self.outputs[f'p{level}'] = nn.Conv2d(width, out_channels, 1)

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """C2 to C5 (N, C, H, W), of any sizes, to the levels that were asked for, each of the size of its C."""
        *laterals, x = inputs
        outs = []
        for level in range(4, min(self.out_levels) - 1, -1):
            lateral = laterals[level - 2]
            x = torch.cat([lateral, F.interpolate(x, size=lateral.shape[-2:], mode='nearest')], dim=1)
            x = self.merges[f'p{level}'](x)
            if level in self.out_levels:
                outs.append(self.outputs[f'p{level}'](x))
        return tuple(outs[::-1])
