"""The EAS module: a pyramid of dilated convolutions whose plain branch is weighed by ECA (paper, Fig. 5)."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.errors import InputError
from mmsight.registry import MODELS

from .eca import ECA

ECA_POSITIONS = ('branch1', 'input', 'fused', None)


@MODELS.register_module()
class EASModule(BaseModule):
    """ECA + ASPP: a 1x1 branch, a dilated 3x3 branch for each rate and a pooled branch, concatenated and projected by 1x1.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int, optional): Channels of the output. Defaults to ``in_channels``.
        mid_channels (int): Channels of each branch. The paper does not state them. DeepLab's 256 would make the module larger
            than the rest of the network; 128 keeps EAS U-Net at base width 64 well below half of U-Net. Defaults to 128.
        rates (Sequence[int]): Dilation of the 3x3 branches. A rate of at least the map's height or width is warned about: its
            outer taps see only padding. Defaults to (6, 12, 18).
        eca_position (str, optional): ``'branch1'`` behind the 1x1 branch, ``'input'`` before all branches, ``'fused'`` on
            their concatenation, or None. Defaults to ``'branch1'``.
        separable (bool): Depthwise-separable dilated convolutions. Defaults to False.
        image_pool (bool): The branch of the map's mean. Defaults to True.
        norm_cfg (dict, optional): Norm of all convolutions. Defaults to BN.

    *Deviation*: the paper says that ECA is integrated where the 1x1 branch "cannot effectively filter the features", while its
    Fig. 5 keeps a 1x1 convolution there. We take both: convolution, then ECA. The other readings are options.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int | None = None,
                 mid_channels: int = 128,
                 rates: Sequence[int] = (6, 12, 18),
                 eca_position: str | None = 'branch1',
                 separable: bool = False,
                 image_pool: bool = True,
                 norm_cfg: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if eca_position not in ECA_POSITIONS:
            raise ValueError(f"eca_position must be one of {', '.join(map(str, ECA_POSITIONS))}, found '{eca_position}'")
        norm_cfg = norm_cfg or dict(type='BN')
        self.rates, self.eca_position = tuple(rates), eca_position
        self.plain = ConvModule(in_channels, mid_channels, 1, norm_cfg=norm_cfg)
        dilated = DepthwiseSeparableConvModule if separable else ConvModule
        self.dilated = nn.ModuleList(
            dilated(in_channels, mid_channels, 3, dilation=rate, padding=rate, norm_cfg=norm_cfg) for rate in self.rates)
        self.pooled = ConvModule(in_channels, mid_channels, 1, norm_cfg=norm_cfg) if image_pool else None
        fused = mid_channels * (1 + len(self.rates) + image_pool)
        self.project = ConvModule(fused, out_channels or in_channels, 1, norm_cfg=norm_cfg)
        if eca_position is not None:
            self.eca = ECA(dict(branch1=mid_channels, input=in_channels, fused=fused)[eca_position])
        self._warned: set[tuple[int, int]] = set()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W).

        Raises:
            InputError: If a batch of one image is trained through the pooled branch's batch norm, which has no variance then.
        """
        size = x.shape[-2], x.shape[-1]
        if not torch.compiler.is_compiling():
            self._check_rates(size)
        if self.eca_position == 'input':
            x = self.eca(x)
        plain = self.plain(x)
        branches = [self.eca(plain) if self.eca_position == 'branch1' else plain, *(branch(x) for branch in self.dilated)]
        if self.pooled is not None:
            branches.append(self._pool(self.pooled, x).expand(-1, -1, *size))
        fused = torch.cat(branches, dim=1)
        return self.project(self.eca(fused) if self.eca_position == 'fused' else fused)

    def _pool(self, branch: ConvModule, x: Tensor) -> Tensor:
        if self.training and len(x) == 1 and isinstance(branch.norm, nn.modules.batchnorm._BatchNorm):
            raise InputError("train_dataloader.batch_size (or the last batch of an epoch) is 1, and the EAS module's pooled "
                             "branch normalises over the batch: use 2 or more, drop_last=True, or a norm_cfg of type GN")
        return branch(x.mean(dim=(2, 3), keepdim=True))

    def _check_rates(self, size: tuple[int, int]) -> None:
        outside = [rate for rate in self.rates if rate >= min(size)]
        if outside and size not in self._warned:
            self._warned.add(size)
            warnings.warn(f'EAS: the dilation rates {outside} are not smaller than the {size[0]}x{size[1]} map, so that their '
                          'outer taps see only padding: use smaller rates, an earlier stage or '
                          'larger crops',
                          stacklevel=3)


@MODELS.register_module()
class EASNeck(BaseModule):
    """EAS on chosen outputs of any backbone; the others pass unchanged.

    Args:
        in_channels (Sequence[int | None]): Channels of each output of the backbone; None leaves that output as it is.
        **eas: Arguments of :class:`EASModule`.
    """

    def __init__(self, in_channels: Sequence[int | None], init_cfg: dict | None = None, **eas: Any) -> None:
        super().__init__(init_cfg)
        self.modules_by_output = nn.ModuleList(
            nn.Identity() if channels is None else EASModule(channels, **eas) for channels in in_channels)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The backbone's maps, each in its own shape."""
        return tuple(module(x) for module, x in zip(self.modules_by_output, inputs, strict=True))
