"""A training whose loss becomes NaN or diverges ends with a sentence, and saves nothing of it."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn

from mmsight.errors import InputError
from mmsight.registry import HOOKS

DIVERGED = 1e4
"""A loss has diverged when it is this many times the first one of the run, or 1 if that was less."""
_IN_A_ROW = 50


@HOOKS.register_module()
class FiniteHook(Hook):
    """Look at every loss, and at the weights before they are saved.

    Args:
        on_nan (str): ``'stop'``, or ``'skip'``: leave out steps whose gradients are not finite, and stop after 50 of them in a
            row. Weights and buffers, such as the statistics of batch normalisation, are then those before the step.
            A loss scale of float16 leaves out such steps in any case.

    Raises:
        InputError: If a loss is not finite (``'stop'``), has diverged, or a weight is not finite when it is to be saved.
    """

    priority = 'HIGH'

    def __init__(self, on_nan: str = 'stop') -> None:
        self.skips = on_nan == 'skip'
        self.first: float | None = None
        self.in_a_row = 0
        self.buffers: list[Tensor] = []

    def before_train(self, runner: Runner) -> None:
        """Put the guard before the optimizers."""
        if self.skips:
            for wrapper in _wrappers(runner):
                self._guard(runner, wrapper)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Keep the buffers."""
        if self.skips:
            self.buffers = [buffer.clone() for buffer in runner.model.buffers()]

    def _guard(self, runner: Runner, wrapper: OptimWrapper) -> None:
        step = wrapper.step

        def guarded(**kwargs: Any) -> None:
            scaler = getattr(wrapper, 'scaler', getattr(wrapper, 'loss_scaler', None))
            gradients = [weight.grad for group in wrapper.optimizer.param_groups for weight in group['params']
                         if weight.grad is not None]
            if (scaler is not None and scaler.is_enabled()) or nn.utils.get_total_norm(gradients).isfinite():
                self.in_a_row = 0
                step(**kwargs)
                return
            self.in_a_row += 1
            for buffer, kept in zip(runner.model.buffers(), self.buffers, strict=True):
                buffer.copy_(kept)
            if self.in_a_row > _IN_A_ROW:
                raise InputError(f'{_place(runner)}: the gradients of {_IN_A_ROW} steps in a row are not finite; {_ADVICE}')
            runner.logger.warning(f'{_place(runner)}: the gradients are not finite, and the step is left out')

        wrapper.step = guarded

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Look at the losses."""
        for name, value in _losses(outputs or {}):
            if not math.isfinite(value) and not self.skips:
                raise InputError(f'{_place(runner)}: {name} is {value}; {_ADVICE}, or leave out such steps with --on-nan skip')
            if name == 'loss' and math.isfinite(value):
                self.first = abs(value) if self.first is None else self.first
                if abs(value) > DIVERGED * max(self.first, 1):
                    raise InputError(f'{_place(runner)}: the training diverged, the loss is {value:.3g} and was '
                                     f'{self.first:.3g} at the first step; {_ADVICE}')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to save what is spoiled."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for name, weight in model.named_parameters():
            if not torch.isfinite(weight).all():
                raise InputError(f'{_place(runner)}: the weight {name} is not finite, and is not saved; {_ADVICE}')


_ADVICE = 'lower the learning rate (optim_wrapper.optimizer.lr) or clip the gradients (optim_wrapper.clip_grad)'


def _place(runner: Runner) -> str:
    return f'iteration {runner.iter + 1}, epoch {runner.epoch + 1}'


def _losses(outputs: dict) -> Iterator[tuple[str, float]]:
    for name, value in outputs.items():
        if 'loss' in name and (isinstance(value, float) or (isinstance(value, Tensor) and value.numel() == 1)):
            yield name, float(value.detach() if isinstance(value, Tensor) else value)


def _wrappers(runner: Runner) -> Iterator[OptimWrapper]:
    wrapper: Any = runner.optim_wrapper
    yield from wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]
