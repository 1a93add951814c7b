"""The memory layout in which convolutions are fastest."""

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor

from mmsight.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the weights of 2-D convolutions channels-last; what they compute follows.

    Another layout of the same numbers: checkpoints can be resumed and loaded with and without it. Configs switch it on by
    ``default_hooks = dict(channels_last=dict(type='mmsight.ChannelsLastHook'))``.
    """

    def before_train(self, runner: Runner) -> None:
        """Change the weights, and what a resumed optimizer keeps of them, in place: distributed training holds on to both."""
        wrapper = runner.optim_wrapper
        for part in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
            # a fused optimizer reads memory in order, whatever the layouts: state and weight must agree
            for parameter, state in part.optimizer.state.items():
                for value in state.values():
                    if isinstance(value, Tensor) and value.shape == parameter.shape:
                        _channels_last(value)
        self.before_test(runner)

    def before_test(self, runner: Runner) -> None:
        """Change the weights."""
        for value in [*runner.model.parameters(), *runner.model.buffers()]:
            _channels_last(value)


def _channels_last(value: Tensor) -> None:
    # volumes have five axes and keep their layout
    if value.dim() == 4:
        value.data = value.data.contiguous(memory_format=torch.channels_last)
