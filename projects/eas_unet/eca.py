"""Efficient Channel Attention (Wang et al., CVPR 2020)."""

import math

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS


def eca_kernel_size(channels: int) -> int:
    """Kernel over the channels: ``|log2(C) / 2 + 1 / 2|``, cut to an integer and raised to the next odd one.

    3 for 32 and 64 channels, 5 for 128 to 1024, 7 for 2048.
    """
    size = int(abs(math.log2(channels) / 2 + 0.5))
    return size if size % 2 else size + 1


@MODELS.register_module()
class ECA(BaseModule):
    """Weigh each channel by a sigmoid of a convolution over the channels' means.

    Args:
        channels (int): Channels of input and output; they set the kernel, see :func:`eca_kernel_size`.
    """

    def __init__(self, channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        size = eca_kernel_size(channels)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh ``x`` (N, C, H, W); the shape is kept."""
        means = x.mean(dim=(2, 3))
        weights = self.conv(means[:, None]).sigmoid()[:, 0]
        return x * weights[:, :, None, None]
