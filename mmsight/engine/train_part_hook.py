"""Train a part of a network, on top of weights that must not change."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmsight.errors import InputError
from mmsight.registry import HOOKS


@HOOKS.register_module()
class TrainPartHook(Hook):
    """Freeze all but one module: its parameters alone learn, and norms elsewhere keep their running statistics.

    Averages of weights (``EMAHook``) do not go with it: they round what stays.

    Args:
        part (str): Name of the module, e.g. ``'bbox_head.bow_tower'``.
    """

    def __init__(self, part: str) -> None:
        self.part = part

    def before_train(self, runner: Runner) -> None:
        """Parameters without a gradient are left alone by every optimizer, also by its decay.

        Raises:
            InputError: If there is no such module.
        """
        model = _bare(runner)
        modules = dict(model.named_modules())
        if self.part not in modules:
            raise InputError(f"TrainPartHook: the network has no module '{self.part}'; its own are "
                             f"{', '.join(name for name, _ in model.named_children())}")
        model.requires_grad_(False)
        modules[self.part].requires_grad_(True)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Each epoch sets the whole network to training first."""
        _bare(runner).eval().get_submodule(self.part).train()


def _bare(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
