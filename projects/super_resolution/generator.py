"""The report's generator: SRCNN's three convolutions at low resolution, then up-sampling blocks (report, section 2.2)."""

import torch.nn.functional as F
from mmagic.models.archs import ResidualBlockNoBN
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.registry import MODELS

STAGES = {2: (2, ), 3: (3, ), 4: (2, 2)}


@MODELS.register_module()
class SRCNNGenerator(BaseModule):
    """Patch extraction (9x9), non-linear mapping (3x3), reconstruction (5x5), up-sampling, 9x9 with tanh.

    769,286 parameters by default; 109,827 without ``learned_upsampling``. Kernel sizes, widths and the order are those of the
    code behind the report, which states none of them. Unlike mmagic's ``SRCNNNet`` it works at low resolution.

    Args:
        scale (int): 2, 3 or 4.
        width (int): Channels of the extraction; the mapping has half as many.
        reconstructed (int): Channels that reach the up-sampling. 3 is the report's: an image of the size of the input.
        up_width (int): Channels of an up-sampling block, which works at high resolution: most of the cost is its square.
        num_blocks (int): Residual blocks without norm behind the mapping, with a skip around all of them: the question that
            the report left open (section 5).
        interpolated_skip (bool): Add the bilinear enlargement of the input to the output, as mmagic's ``MSRResNet`` does, so
            that the network learns only what interpolation lacks; the last convolution then starts at zero. Not in the
            report.
        learned_upsampling (bool): One block of nearest neighbour, 3x3 and ReLU for each factor, then the 9x9 and tanh. False is
            what the code of SRGAN-PL had: one nearest neighbour and no tanh, so that the output is not bounded.
        init_cfg (dict, optional): Defaults to Glorot-uniform weights and zero biases, as Keras draws them.
    """

    def __init__(self,
                 scale: int = 4,
                 width: int = 128,
                 reconstructed: int = 3,
                 up_width: int = 256,
                 num_blocks: int = 0,
                 interpolated_skip: bool = False,
                 learned_upsampling: bool = True,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer='Conv2d', distribution='uniform'))
        if scale not in STAGES:
            raise ValueError(f'scale must be 2, 3 or 4, found {scale}')
        self.scale, self.interpolated_skip = scale, interpolated_skip
        self.extract = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.ReLU())
        self.map = nn.Sequential(nn.Conv2d(width, width // 2, 3, padding=1), nn.ReLU())
        self.blocks = nn.Sequential(*(ResidualBlockNoBN(width // 2) for _ in range(num_blocks))) if num_blocks else None
        if not learned_upsampling:
            self.reconstruct = nn.Conv2d(width // 2, 3, 5, padding=2)
            self.upsample: nn.Module = nn.Upsample(scale_factor=scale)
            return
        self.reconstruct = nn.Conv2d(width // 2, reconstructed, 5, padding=2)
        layers, channels = [], reconstructed
        for factor in STAGES[scale]:
            layers += [nn.Upsample(scale_factor=factor), nn.Conv2d(channels, up_width, 3, padding=1), nn.ReLU()]
            channels = up_width
        self.upsample = nn.Sequential(*layers, nn.Conv2d(channels, 3, 9, padding=4), nn.Tanh())

    def init_weights(self) -> None:
        """Draw the weights; with ``interpolated_skip`` the network starts as the bilinear enlargement."""
        super().init_weights()
        if self.interpolated_skip:
            *_, last = (module for module in self.modules() if isinstance(module, nn.Conv2d))
            nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge ``x`` (N, 3, H, W) in [-1, 1], of any H and W, to (N, 3, scale * H, scale * W)."""
        features = self.map(self.extract(x))
        if self.blocks is not None:
            features = features + self.blocks(features)
        enlarged = self.upsample(self.reconstruct(features))
        if self.interpolated_skip:
            enlarged = enlarged + F.interpolate(x, scale_factor=self.scale, mode='bilinear')
        return enlarged
