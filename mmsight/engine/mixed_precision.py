"""Mixed precision on CPUs and GPUs, and the parts of a loss that must not take part in it."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from mmsight.registry import OPTIM_WRAPPERS

DEVICES = ('cpu', 'cuda')
DTYPES = {'bfloat16': torch.bfloat16, 'float16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Forward passes under autocast: bfloat16 where the device has it, else float16 on a GPU and float32 on a CPU.

    float16 comes with a dynamic loss scale. A CPU without AVX-512 emulates bfloat16 in several times the time of float32: it
    trains in float32, and a warning says so. mmengine's ``AmpOptimWrapper`` refuses a CPU and takes float16 on every GPU.
    Weights, gradients and the optimizer's state are float32. What must be float32 in a loss says so by
    :func:`full_precision`.

    Args:
        dtype (str): ``'auto'``; or ``'bfloat16'`` or ``'float16'``, whatever the device has.
        **kwargs: See mmengine's ``OptimWrapper``.
    """

    def __init__(self, dtype: str = 'auto', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dtype not in ('auto', *DTYPES):
            raise ValueError(f"dtype must be 'auto' or one of {', '.join(DTYPES)}, found '{dtype}'")
        self.device = self.optimizer.param_groups[0]['params'][0].device.type
        self.dtype = _fastest(self.device) if dtype == 'auto' else DTYPES[dtype]
        # the other types have the range of the gradients and need no scale; a scaler that is not enabled does nothing
        self.scaler = GradScaler(self.device, enabled=self.dtype == torch.float16)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, and the base class's accumulation of gradients."""
        with super().optim_context(model), torch.autocast(self.device, self.dtype, enabled=self.dtype != torch.float32):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Gradients of the scaled loss."""
        super().backward(self.scaler.scale(loss), **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Clip and update; a step whose gradients overflowed is left out and lowers the scale."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict:
        """The optimizer's state and the loss scale."""
        return {**super().state_dict(), 'loss_scaler': self.scaler.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Resume; a checkpoint of a training in float32, or on a device that needs no scale, has none."""
        state_dict = dict(state_dict)
        scale = state_dict.pop('loss_scaler', None)
        if scale and self.scaler.is_enabled():
            self.scaler.load_state_dict(scale)
        super().load_state_dict(state_dict)


def _fastest(device: str) -> torch.dtype:
    if device == 'cuda':
        # older GPUs emulate bfloat16
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if torch.backends.cpu.get_cpu_capability() in ('DEFAULT', 'NO AVX', 'AVX2'):
        print_log('mixed precision is off: this CPU has no AVX-512 and would only emulate bfloat16', 'current', logging.WARNING)
        return torch.float32
    return torch.bfloat16


def full_precision(function: Callable) -> Callable:
    """Make a function leave autocast and take its floating-point tensors as float32.

    For distances, logarithms, exponentials, box geometry and average precision: bfloat16 keeps eight bits, which is two pixels
    at 512. Decorate a head's ``loss_by_feat``. Outside autocast nothing changes.

    Args:
        function (callable): Its tensors may lie in lists, tuples and dictionaries; other objects are passed on.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        active = [device for device in DEVICES if torch.is_autocast_enabled(device)]
        if not active:
            return function(*args, **kwargs)
        with ExitStack() as stack:
            for device in active:
                stack.enter_context(torch.autocast(device, enabled=False))
            return function(*_float(args), **_float(kwargs))

    return wrapped


def _float(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
    if isinstance(value, dict):
        return {key: _float(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, '_fields'):
        return type(value)(*map(_float, value))
    return type(value)(map(_float, value)) if isinstance(value, (list, tuple)) else value
