"""Bidirectional Coordinate Attention: an average stage, then a max stage on its output (paper, section 2.1)."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.models.local_statistics import Window, windowed
from mmsight.registry import MODELS


@MODELS.register_module()
class CoordinateAttention(BaseModule):
    r"""One stage of coordinate attention (paper eq. 1; Hou et al., CVPR 2021).

    The map is pooled along each axis; the two profiles pass together through a shared 1x1 convolution, BN and h-swish,
    apart through one 1x1 convolution and sigmoid each, and weigh the rows and columns of the input.

    Args:
        in_channels (int): Channels C of input and output.
        reduction (int): r; the profiles are squeezed to C / r channels. The paper does not state it. Defaults to 32.
        min_channels (int): The least number of squeezed channels. Defaults to 8.
        pool (str): ``'avg'`` or ``'max'``. Defaults to ``'avg'``.

    ``window`` is the :class:`.Window` of local statistics; None pools over the whole map, as the paper does.

    *Deviation*: eq. 1 shows no BN behind F_1; coordinate attention has it, and so do we.
    """

    _abbr_ = 'attention'
    window: Window | None = None

    def __init__(self, in_channels: int, reduction: int = 32, min_channels: int = 8, pool: str = 'avg',
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if pool not in ('avg', 'max'):
            raise ValueError(f"pool must be 'avg' or 'max', found '{pool}'")
        self.pool = pool
        squeezed = max(min_channels, in_channels // reduction)
        self.squeeze = nn.Sequential(nn.Conv2d(in_channels, squeezed, 1), nn.BatchNorm2d(squeezed), nn.Hardswish())
        self.expand_h = nn.Conv2d(squeezed, in_channels, 1)
        self.expand_w = nn.Conv2d(squeezed, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh ``x`` (N, C, H, W), of any H and W; the shape is kept."""
        height, width = x.shape[-2:]
        across, along = self.window.of(x) if self.window else (height, width)
        rows, columns = windowed(x, 3, along, self.pool), windowed(x, 2, across, self.pool)
        if rows.shape[3] == 1 and columns.shape[2] == 1:
            profiles = self.squeeze(torch.cat([rows, columns.transpose(2, 3)], dim=2))
            rows, columns = profiles.split([height, width], dim=2)
            columns = columns.transpose(2, 3)
        else:
            rows, columns = self.squeeze(rows), self.squeeze(columns)
        return x * self.expand_h(rows).sigmoid() * self.expand_w(columns).sigmoid()


@MODELS.register_module()
class BidirectionalCoordinateAttention(BaseModule):
    r"""BCA (paper eq. 1-2): output = y * z_h * z_w, where y is the average stage's output and z is pooled from y by max.

    Also an mmcv plugin layer: ``plugins=[dict(cfg=dict(type='mmsight.BidirectionalCoordinateAttention'),
    stages=(False, True, True, True), position='after_conv3')]``.

    Args:
        in_channels (int): Channels of input and output.
        reduction (int): As in :class:`CoordinateAttention`; the two stages share no weight.
    """

    _abbr_ = 'bca'

    def __init__(self, in_channels: int, reduction: int = 32, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.average = CoordinateAttention(in_channels, reduction, pool='avg')
        self.max = CoordinateAttention(in_channels, reduction, pool='max')

    def forward(self, x: Tensor) -> Tensor:
        """Weigh ``x`` (N, C, H, W); the shape is kept."""
        return self.max(self.average(x))
