"""Multi-Resolution Fusion: C3, C4 and C5, deconvolved to stride 4 and summed (paper, section 2.2)."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS


def deconvolutions(in_channels: int, channels: Sequence[int]) -> nn.Sequential:
    """A chain of (4x4 transposed convolution of stride 2, BN, ReLU); each doubles height and width."""
    layers: list[nn.Module] = []
    for width in channels:
        layers += [nn.ConvTranspose2d(in_channels, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        in_channels = width
    return nn.Sequential(*layers)


@MODELS.register_module()
class MultiResolutionFusion(BaseModule):
    """MRF (paper eq. 3): P = dev_3(C5) + dev_2(C4) + dev_1(C3).

    With one input it is CenterNet's own neck, the paper's baseline.

    Args:
        in_channels (Sequence[int]): Channels of the inputs, finest first.
        deconv_channels (Sequence[Sequence[int]]): Per input, the channels of its deconvolutions; one for C3, two for C4,
            three for C5. The last widths must agree.

    *Deviation*: the paper gives no widths; (64), (64, 64) and (256, 128, 64) are those that give its printed size.
    """

    def __init__(self, in_channels: Sequence[int] = (512, 1024, 2048),
                 deconv_channels: Sequence[Sequence[int]] = ((64, ), (64, 64), (256, 128, 64)),
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if len({widths[-1] for widths in deconv_channels}) != 1:
            raise ValueError(f'the last widths of deconv_channels must agree, found {deconv_channels}')
        self.branches = nn.ModuleList(
            deconvolutions(width, widths) for width, widths in zip(in_channels, deconv_channels, strict=True))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor]:
        """Fuse maps (N, C_i, H_i, W_i), finest first, into one (N, C, 2 H_0, 2 W_0).

        Where an input size is not a multiple of 32, strides round up and the coarser branches come out larger: their
        excess rows and columns, which lie outside the image, are cut.
        """
        maps = [branch(x) for branch, x in zip(self.branches, inputs, strict=True)]
        height, width = maps[0].shape[-2:]
        fused = maps[0]
        for value in maps[1:]:
            value = value[..., :height, :width]
            fused = fused + F.pad(value, (0, width - value.shape[-1], 0, height - value.shape[-2]))
        return (fused, )
