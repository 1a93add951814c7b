"""What the discriminator learns and what the generator is told (report, eq. b and e)."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmsight.registry import MODELS

KINDS = ('bce', 'lsgan')


@MODELS.register_module()
class AdversarialLoss(BaseModule):
    """Loss of logits against "real" or "fake", as a mean over images and positions.

    ``'bce'`` is -log D for real (eq. e for the generator, eq. b for both); ``'lsgan'`` is (D - label)^2, with D the sigmoid of
    the logits. The code behind the report trains the generator by BCE and the discriminator by squares, which mmagic's
    ``GANLoss``, one kind for both and without a sigmoid, cannot express.

    Args:
        generator (str): ``'bce'`` or ``'lsgan'``, for the generator.
        discriminator (str): The same for the discriminator.
        loss_weight (float): Of the generator's term: 1e-3 in eq. g and m.
        real_label (float): Label of real images for the discriminator; 0.9 smooths it.

    *Deviation*: eq. e is written as a sum over the images; the code takes the mean, and so do we.
    """

    def __init__(self, generator: str = 'bce', discriminator: str = 'bce', loss_weight: float = 1e-3,
                 real_label: float = 1.0) -> None:
        super().__init__()
        for kind in (generator, discriminator):
            if kind not in KINDS:
                raise ValueError(f"an adversarial loss is one of {', '.join(KINDS)}, found '{kind}'")
        self.generator, self.discriminator = generator, discriminator
        self.loss_weight, self.real_label = loss_weight, real_label

    def forward(self, logits: Tensor, target_is_real: bool, is_disc: bool = False) -> Tensor:
        """The loss, a scalar; ``loss_weight`` applies unless ``is_disc``."""
        label = float(target_is_real) * (self.real_label if is_disc else 1.0)
        kind = self.discriminator if is_disc else self.generator
        logits = logits.float()  # in half precision the sigmoid would round to 0 or 1
        target = torch.full_like(logits, label)
        loss = F.binary_cross_entropy_with_logits(logits, target) if kind == 'bce' else F.mse_loss(logits.sigmoid(), target)
        return loss if is_disc else loss * self.loss_weight
