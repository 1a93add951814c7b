"""The optimised depthwise-separable convolution that replaces every 3x3 convolution of the U-Net (paper, Fig. 4)."""

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor

from mmsight.registry import MODELS


@MODELS.register_module()
class DSConv(BaseModule):
    """Depthwise 3x3, BN, LeakyReLU, then pointwise 1x1, BN, h-swish.

    9 C_in + C_in C_out weights, where a 3x3 convolution has 9 C_in C_out.

    Args:
        in_channels (int): C_in.
        out_channels (int): C_out.
        norm_cfg (dict, optional): Norm after both convolutions. Defaults to BN.
        negative_slope (float): Of the LeakyReLU. The paper does not state it. Defaults to 0.01.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict | None = None, negative_slope: float = 0.01,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        self.depthwise = ConvModule(
            in_channels, in_channels, 3, padding=1, groups=in_channels, norm_cfg=norm_cfg,
            act_cfg=dict(type='LeakyReLU', negative_slope=negative_slope))
        self.pointwise = ConvModule(in_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=dict(type='HSwish'))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) to (N, C_out, H, W)."""
        return self.pointwise(self.depthwise(x))
