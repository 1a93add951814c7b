"""EfficientNet-Lite0: an ImageNet network without attention or swish, made for integers and CPUs."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmsight.registry import MODELS

from .same_conv import SameConv2d

STEM = 32
# (expansion, kernel, stride, channels, blocks) of the seven groups of blocks
GROUPS = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
          (6, 3, 1, 320, 1))
# groups of the stem (stride 2) and of the stages of stride 4, 8, 16 and 32
STAGES = (GROUPS[:1], GROUPS[1:2], GROUPS[2:3], GROUPS[3:5], GROUPS[5:])


def conv_norm(in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution without bias and its BN, of TensorFlow's eps and momentum."""
    conv = SameConv2d(in_channels, out_channels, kernel, groups=groups, bias=False) if stride == 2 else \
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out_channels, eps=1e-3, momentum=0.01)]


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; the input is added where the shape stays."""

    def __init__(self, in_channels: int, out_channels: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        width = expansion * in_channels
        expand = [*conv_norm(in_channels, width), nn.ReLU6(inplace=True)] if expansion > 1 else []
        depthwise = [*conv_norm(width, width, kernel, stride, groups=width), nn.ReLU6(inplace=True)]
        self.layers = nn.Sequential(*expand, *depthwise, *conv_norm(width, out_channels))
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H / stride, W / stride), rounded up."""
        return x + self.layers(x) if self.residual else self.layers(x)


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite0 (Tan and Le, ICML 2019; its "lite" variant of 2020) without its classifier: 2,958,848 parameters.

    Input: (N, 3, H, W), RGB in ImageNet's mean (123.675, 116.28, 103.53) and deviation (58.395, 57.12, 57.375).
    Output: of each index in ``out_indices`` a map of stride 4, 8, 16, 32 with 24, 40, 112, 320 channels.

    ``init_cfg=dict(type='Pretrained', checkpoint='mmsight://efficientnet-lite0')`` starts from ImageNet without a network:
    see :mod:`mmsight.engine.pretrained`.

    Args:
        out_indices (Sequence[int]): Which of the stages 0 to 3 to return, finest first. Later ones are not built.
        frozen_stages (int): -1 trains everything; 0 freezes the stem; n freezes the stem and the first n stages. Their BN keep
            their running statistics, too.
        norm_eval (bool): All BN keep their running statistics in training, as for batches of few images.
        init_cfg (dict | Sequence[dict], optional): Defaults to Kaiming's weights for training from scratch.

    *Deviation*: no stochastic depth, which ImageNet's training used.
    """

    channels = (24, 40, 112, 320)

    def __init__(self,
                 out_indices: Sequence[int] = (0, 1, 2, 3),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 init_cfg: dict | Sequence[dict] | None = None) -> None:
        super().__init__(init_cfg or [
            dict(type='Kaiming', layer='Conv2d', mode='fan_out', nonlinearity='relu'),
            dict(type='Constant', layer='_BatchNorm', val=1)
        ])
        if not out_indices or not set(out_indices) <= {0, 1, 2, 3} or list(out_indices) != sorted(set(out_indices)):
            raise ValueError(f'out_indices must be some of 0, 1, 2 and 3, finest first, found {tuple(out_indices)}')
        last = max(out_indices)
        if not -1 <= frozen_stages <= last + 1:
            raise ValueError(f'frozen_stages must be between -1 and {last + 1}, the number of stages, found {frozen_stages}')
        self.out_indices, self.frozen_stages, self.norm_eval = tuple(out_indices), frozen_stages, norm_eval
        parts, width = [], STEM
        for groups in STAGES[:last + 2]:
            blocks = []
            for expansion, kernel, stride, channels, count in groups:
                for index in range(count):
                    blocks.append(InvertedResidual(width, channels, expansion, kernel, stride if index == 0 else 1))
                    width = channels
            parts.append(nn.Sequential(*blocks))
        self.stem = nn.Sequential(*conv_norm(3, STEM, 3, stride=2), nn.ReLU6(inplace=True), *parts[0])
        self.stages = nn.ModuleList(parts[1:])
        for parameter in (p for part in self._frozen() for p in part.parameters()):
            parameter.requires_grad = False

    def _frozen(self) -> list[nn.Module]:
        return [self.stem, *self.stages][:self.frozen_stages + 1]

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """As of ``nn.Module``, but frozen stages, and with ``norm_eval`` all BN, stay in evaluation mode."""
        super().train(mode)
        for part in [self] if self.norm_eval else self._frozen():
            for module in part.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        x = self.stem(x)
        outs = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)
