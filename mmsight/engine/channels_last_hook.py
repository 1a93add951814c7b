"""The memory layout in which convolutions are fastest."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.conv import _ConvNd

from mmsight.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Give 2-D convolutions their input channels-last; what they compute follows, up to the next operation that does not.

    Weights keep their layout: distributed training and fused optimizers go through them in the order of memory, and turn
    wrong without a word when it changes under them. Configs switch the hook on by
    ``default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))``.
    """

    def before_run(self, runner: Runner) -> None:
        """Register a hook at each convolution."""
        for module in runner.model.modules():
            if isinstance(module, _ConvNd):
                module.register_forward_pre_hook(_channels_last)


def _channels_last(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    image, *others = inputs
    # volumes have five axes and keep their layout
    if image.dim() == 4:
        image = image.contiguous(memory_format=torch.channels_last)
    return (image, *others)
