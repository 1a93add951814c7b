"""Attention after chosen stages of any backbone."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS


@MODELS.register_module()
class AttentionBackbone(BaseModule):
    """A backbone whose outputs each pass through an attention of their own.

    Args:
        backbone (dict): Config of any backbone that returns a tuple of maps.
        attention (dict): Config of a module that takes ``in_channels``.
        channels (Sequence[int | None]): Channels of each output of the backbone; None leaves that output as it is.

    *Deviation*: the paper says that the backbone "adds the attention". We weigh the outputs C3-C5 that the neck reads, not
    the way from one stage into the next: it is the simplest reading that gives the printed size of 134 MiB, it keeps
    pretrained weights useful, and it works with every backbone. The other reading is mmdet's ``plugins``.
    """

    def __init__(self, backbone: dict, attention: dict, channels: Sequence[int | None],
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.backbone = MODELS.build(backbone)
        self.attentions = nn.ModuleList(
            nn.Identity() if width is None else MODELS.build(dict(attention, in_channels=width)) for width in channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The backbone's maps of the images ``x`` (N, 3, H, W), each weighed."""
        maps = self.backbone(x)
        return tuple(attention(value) for attention, value in zip(self.attentions, maps, strict=True))
