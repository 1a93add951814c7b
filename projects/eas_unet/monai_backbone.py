"""2D networks of MONAI as backbones of mmseg: yardsticks from outside the paper."""

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from mmsight.registry import MODELS

NETWORKS = ('UNet', 'DynUNet')


@MODELS.register_module()
class MonaiBackbone(BaseModule):
    """MONAI's ``UNet``, or its ``DynUNet``, which is the architecture of nnU-Net without nnU-Net's own choice of recipe.

    Args:
        network (str): ``'UNet'`` or ``'DynUNet'``.
        out_channels (int): Of the map for the head, of the input's size.
        in_channels (int): Of the image.
        **settings: Of the network, see MONAI's documentation.
    """

    def __init__(self, network: str, out_channels: int, in_channels: int = 1, init_cfg: dict | None = None,
                 **settings: Any) -> None:
        super().__init__(init_cfg)
        if network not in NETWORKS:
            raise ValueError(f"network must be one of {', '.join(NETWORKS)}, found '{network}'")
        from monai.networks import nets  # a slow import
        self.network = getattr(nets, network)(spatial_dims=2, in_channels=in_channels, out_channels=out_channels, **settings)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(N, in_channels, H, W) to one map (N, out_channels, H, W); sides are multiples of the product of the strides."""
        return (self.network(x), )
