"""The four models of the report: a generator with a content loss, alone (SRCNN) or against a discriminator (SRGAN)."""

from typing import Any

import torch
from mmagic.models.base_models import BaseEditModel
from mmagic.models.utils import set_requires_grad
from mmagic.registry import MODELS as HOST_MODELS
from mmagic.structures import DataSample
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmsight.registry import MODELS

from .tiling import receptive_radius, super_resolve_tiled


@MODELS.register_module()
class SuperResolver(BaseEditModel):
    """SRCNN-MSE and SRCNN-PL: minimise the content loss (eq. a, with c or f).

    Args:
        generator (dict): Network from (N, 3, H, W) to (N, 3, scale * H, scale * W), both in [-1, 1], RGB.
        content_loss (dict): ``MSELoss`` (eq. c) or ``mmsight.VGGFeatureLoss`` (eq. d).
        scale (int): The generator's factor.
        test_cfg (dict, optional): ``tile``, the side in low-resolution pixels of the tiles that larger images are tested in.
        data_preprocessor (dict, optional): mmagic's ``DataPreprocessor``, to [-1, 1] RGB.
    """

    def __init__(self,
                 generator: dict,
                 content_loss: dict,
                 scale: int = 4,
                 test_cfg: dict | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(generator, content_loss, test_cfg=test_cfg or {}, init_cfg=init_cfg,
                         data_preprocessor=data_preprocessor)
        self.scale = scale
        self._halo: int | None = None

    @property
    def halo(self) -> int:
        """Receptive radius of the generator in low-resolution pixels, measured once."""
        if self._halo is None:
            self._halo = receptive_radius(self.plain_generator, self.scale)
        return self._halo

    @property
    def plain_generator(self) -> torch.nn.Module:
        """The generator, out of the wrapper that distributed training of a GAN puts around it."""
        return self.generator.module if is_model_wrapper(self.generator) else self.generator

    def forward_tensor(self, inputs: Tensor, data_samples: DataSample | None = None) -> Tensor:
        """Enlarge ``inputs`` (N, 3, H, W) in [-1, 1]; in tiles if they are larger than ``test_cfg.tile`` and not training."""
        tile = self.test_cfg.get('tile')
        if self.training or tile is None or max(inputs.shape[-2:]) <= tile:
            return self.generator(inputs)
        return super_resolve_tiled(self.plain_generator, inputs, self.scale, tile, self.halo)

    def val_step(self, data: dict) -> list:
        """Predictions, and behind them the content loss, which the validation loop logs as ``val_loss``."""
        data = self.data_preprocessor(data, False)
        inputs, samples = data['inputs'], data['data_samples']
        output = self.forward_tensor(inputs)
        # outside of training the host keeps targets as BGR in [0, 255]
        target = samples.gt_img.flip(1).to(output) / 127.5 - 1
        loss = self.pixel_loss(output, target)
        predicted = DataSample(pred_img=self.data_preprocessor.destruct(output, samples).cpu())
        return [*self.convert_to_datasample(predicted, samples, inputs), BaseDataElement(loss=dict(val_loss=loss))]


@MODELS.register_module()
class AdversarialSuperResolver(SuperResolver):
    """SRGAN-MSE (eq. m) and SRGAN-PL (eq. g): a discriminator step, then a generator step on content + 1e-3 adversarial loss.

    Logged beside the losses: ``discriminator_accuracy``, the share of its outputs that are right, half of them on real images.

    Args:
        discriminator (dict): Network from (N, 3, H, W) to logits.
        adversarial_loss (dict): ``mmsight.AdversarialLoss``.
        split_batch (bool): Train the discriminator on the first half of a batch and the generator on the second, as the code
            behind the report takes a new batch for each; it halves the batch of both. False: both see the whole batch.
        **kwargs: See :class:`SuperResolver`.

    *Deviation*: the discriminator takes one step on real and generated images together; Keras took one on each.
    """

    def __init__(self, discriminator: dict, adversarial_loss: dict, split_batch: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.discriminator = HOST_MODELS.build(discriminator)
        self.adversarial_loss = HOST_MODELS.build(adversarial_loss)
        self.split_batch = split_batch

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """One step of the discriminator, one of the generator; returns what is logged."""
        data = self.data_preprocessor(data, True)
        low, high = data['inputs'], data['data_samples'].gt_img
        half = len(low) // 2 if self.split_batch else 0
        wrapper = optim_wrapper['generator']
        with wrapper.optim_context(self.generator):
            generated = self.generator(low[half:])
        fake = generated.detach()
        if half:
            with torch.no_grad(), wrapper.optim_context(self.generator):
                fake = self.generator(low[:half])
        logs = self._discriminator_step(fake, high[:half] if half else high, optim_wrapper['discriminator'])
        logs.update(self._generator_step(generated, high[half:], wrapper))
        return logs

    def _discriminator_step(self, fake: Tensor, real: Tensor, wrapper: OptimWrapper) -> dict[str, Tensor]:
        set_requires_grad(self.discriminator, True)
        with wrapper.optim_context(self.discriminator):
            on_real, on_fake = self.discriminator(real), self.discriminator(fake)
            losses = dict(
                loss_discriminator_real=self.adversarial_loss(on_real, True, is_disc=True),
                loss_discriminator_fake=self.adversarial_loss(on_fake, False, is_disc=True))
        total, logs = self.parse_losses(losses)
        wrapper.update_params(total)
        logs.pop('loss')
        logs['discriminator_accuracy'] = ((on_real > 0).float().mean() + (on_fake < 0).float().mean()) / 2
        return logs

    def _generator_step(self, generated: Tensor, real: Tensor, wrapper: OptimWrapper) -> dict[str, Tensor]:
        set_requires_grad(self.discriminator, False)
        with wrapper.optim_context(self.generator):
            losses = dict(
                loss_content=self.pixel_loss(generated, real),
                loss_adversarial=self.adversarial_loss(self.discriminator(generated), True))
        total, logs = self.parse_losses(losses)
        wrapper.update_params(total)
        return logs
