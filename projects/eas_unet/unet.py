"""EAS U-Net's encoder and decoder, as a backbone of mmseg."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS

from .dsconv import DSConv
from .eas import EASModule


@MODELS.register_module()
class EASUNet(BaseModule):
    """U-Net of depthwise-separable convolutions with EAS modules in the encoder.

    Each stage has two :class:`DSConv`; stages are joined by 2x2 max pooling on the way down and by 2x2 transposed convolution
    and concatenation on the way up. Any input size: odd maps are pooled with a partial last cell and cropped on the way up.

    Args:
        in_channels (int): Channels of the image: 1 slice, or 2 n + 1 neighbouring slices. Defaults to 1.
        base_channels (int): Channels of the first stage; each further one doubles them. Defaults to 64.
        num_stages (int): Stages of the encoder. Defaults to 5.
        eas_stages (Sequence[int]): Stages, counted from 0, whose output passes through an EAS module, both to the next stage
            and to the decoder. Empty for a U-Net without EAS. Defaults to (4, ), the bottleneck of stride 16.
        eas (dict, optional): Arguments of :class:`EASModule`, without channels and norm.
        norm_cfg (dict, optional): Norm of all convolutions. Defaults to BN.

    *Deviation*: the paper embeds EAS "into the encoding side" and does not say where; we read: at its end.
    """

    def __init__(self,
                 in_channels: int = 1,
                 base_channels: int = 64,
                 num_stages: int = 5,
                 eas_stages: Sequence[int] = (4, ),
                 eas: dict | None = None,
                 norm_cfg: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if not set(eas_stages) <= set(range(num_stages)):
            raise ValueError(f'eas_stages must lie in 0..{num_stages - 1}, found {tuple(eas_stages)}')
        widths = [base_channels * 2**stage for stage in range(num_stages)]
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.encoder, self.up, self.decoder = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for stage, width in enumerate(widths):
            layers = [DSConv(widths[stage - 1] if stage else in_channels, width, norm_cfg), DSConv(width, width, norm_cfg)]
            if stage in eas_stages:
                layers.append(EASModule(width, norm_cfg=norm_cfg, **(eas or {})))
            self.encoder.append(nn.Sequential(*layers))
        for width in reversed(widths[:-1]):
            self.up.append(nn.ConvTranspose2d(2 * width, width, 2, stride=2))
            self.decoder.append(nn.Sequential(DSConv(2 * width, width, norm_cfg), DSConv(width, width, norm_cfg)))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps of the images ``x`` (N, in_channels, H, W), from the bottleneck to full size, as mmseg's UNet returns them.

        Output i of ``num_stages`` has ``base_channels * 2**(num_stages - 1 - i)`` channels and stride
        ``2**(num_stages - 1 - i)``.
        """
        skips: list[Tensor] = []
        for stage in self.encoder:
            x = stage(self.pool(x) if skips else x)
            skips.append(x)
        outputs = [skips.pop()]
        for up, stage in zip(self.up, self.decoder, strict=True):
            skip = skips.pop()
            height, width = skip.shape[-2:]
            outputs.append(stage(torch.cat([skip, up(outputs[-1])[..., :height, :width]], dim=1)))
        return outputs
