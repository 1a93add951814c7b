"""SRGAN's discriminator: eight convolutions, then two dense layers (report, section 2.3)."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmsight.models import SameConv2d
from mmsight.registry import MODELS

HEADS = ('patch', 'flatten', 'gap')


@MODELS.register_module()
class SRDiscriminator(BaseModule):
    """Convolution, LeakyReLU, BN, eight times, in that order; the first has no BN and every second halves the size.

    5,215,425 parameters with the patch head.

    Args:
        head (str): ``'patch'`` applies the two dense layers to each position, as the code behind the report does: one logit for
            each 16x16 of the input. ``'flatten'`` is the report's text: one logit an image, for inputs of ``input_size`` alone
            (139 million parameters in all at 256). ``'gap'`` averages over all positions first, for inputs of any size.
        width (int): Channels of the first convolution; the last has eight times as many.
        dense (int): Width of the first dense layer.
        input_size (int, optional): Height and width of the input, which ``'flatten'`` needs.
        init_cfg (dict, optional): Defaults to Glorot-uniform weights and zero biases.

    *Deviation*: the sigmoid is in :class:`AdversarialLoss`, where it is numerically stable.
    """

    def __init__(self,
                 head: str = 'patch',
                 width: int = 64,
                 dense: int = 1024,
                 input_size: int | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer=['Conv2d', 'Linear'], distribution='uniform'))
        if head not in HEADS:
            raise ValueError(f"head must be one of {', '.join(HEADS)}, found '{head}'")
        if head == 'flatten' and input_size is None:
            raise ValueError("head='flatten' needs input_size: a dense layer over all positions knows one size only")
        self.head, self.input_size = head, input_size
        layers: list[nn.Module] = []
        channels = 3
        for factor in (1, 2, 4, 8):
            for strided in (False, True):
                conv = SameConv2d(channels, factor * width, 3) if strided else \
                    nn.Conv2d(channels, factor * width, 3, padding=1)
                layers += [conv, nn.LeakyReLU(0.2)]
                if channels != 3:
                    layers.append(nn.BatchNorm2d(factor * width, eps=1e-3, momentum=0.2))
                channels = factor * width
        self.features = nn.Sequential(*layers)
        if head == 'patch':
            self.classify = nn.Sequential(nn.Conv2d(channels, dense, 1), nn.LeakyReLU(0.2), nn.Conv2d(dense, 1, 1))
            return
        pool = nn.AdaptiveAvgPool2d(1) if head == 'gap' else nn.Identity()
        positions = 1 if head == 'gap' or input_size is None else (-(-input_size // 16))**2
        self.classify = nn.Sequential(pool, nn.Flatten(), nn.Linear(channels * positions, dense), nn.LeakyReLU(0.2),
                                      nn.Linear(dense, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of ``x`` (N, 3, H, W) in [-1, 1] being real: (N, 1, ceil(H / 16), ceil(W / 16)) of patches, else (N, 1).

        Raises:
            ValueError: If the head is ``'flatten'`` and the size is another than ``input_size``.
        """
        if self.head == 'flatten' and x.shape[-2:] != (self.input_size, self.input_size):
            raise ValueError(f"head='flatten' was built for {self.input_size} x {self.input_size}, found "
                             f"{x.shape[-2]} x {x.shape[-1]}: set input_size, or take head='patch' or 'gap'")
        return self.classify(self.features(x))
