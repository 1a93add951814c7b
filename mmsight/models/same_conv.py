"""TensorFlow's padding of strided convolutions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SameConv2d(nn.Conv2d):
    """A convolution of stride 2 and an odd, square kernel with TensorFlow's "same" padding.

    The output is (ceil(H / 2), ceil(W / 2)). What is padded, is padded at the bottom and right first: an even side gets one
    pixel less at the top or left than PyTorch's symmetric padding would give it. A graph exported to ONNX is for even sides.

    Args:
        in_channels, out_channels (int): As of ``nn.Conv2d``.
        kernel_size (int): Odd.
        groups (int), bias (bool): As of ``nn.Conv2d``.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, groups: int = 1, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=2, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, ceil(H / 2), ceil(W / 2))."""
        # an exported graph is for sides that are even at every stride: parities of free sides multiply its symbols
        odd_height, odd_width = (0, 0) if torch.onnx.is_in_onnx_export() else (side % 2 for side in x.shape[-2:])
        after = self.kernel_size[0] // 2
        return super().forward(F.pad(x, (after - 1 + odd_width, after, after - 1 + odd_height, after)))
