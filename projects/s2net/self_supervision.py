"""S2-Net itself: a hook that adds the self-supervised pairs to any detect-and-describe method (paper eq. 2-5)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor

from mmsight.registry import HOOKS

from .detect_describe import DetectDescribe, ImagePairs
from .transforms import EQUATION_1, RandomTransform

Weight = float | Sequence[tuple[int, float]]
"""A number, or (iteration, number) pairs between which it is interpolated."""


@HOOKS.register_module()
class SelfSupervisedMatchingHook(Hook):
    r"""Train a :class:`DetectDescribe` model on two more pairs a step: each image with a random transform of itself.

    .. math:: L = L_{SL} + \lambda (L_f(I_{vis}, T_{vis}(I_{vis}), T_{vis}) + L_f(I_{ir}, T_{ir}(I_{ir}), T_{ir}))

    The transforms of the two modalities are independent. Nothing else of a config changes: adding this hook to
    ``custom_hooks`` makes its S2-Net version.

    Args:
        weight (Weight): lambda (paper: 0.8 for D2-Net, 0.4 for R2D2).
        transforms (Sequence[dict]): Grey ones first; by default eq. 1.

    Logged: ``visible_loss*`` and ``infrared_loss*`` with lambda in them, beside ``supervised_loss*``, and ``ssl_weight``.
    """

    def __init__(self, weight: Weight, transforms: Sequence[dict] = EQUATION_1) -> None:
        self.schedule = _schedule(weight)
        self.weight = self.schedule[0][1]
        self.transform = RandomTransform(tuple(transforms))

    def __call__(self, visible: Tensor, infrared: Tensor) -> dict[str, ImagePairs]:
        """The self-supervised pairs of images (N, 3, H, W) in [0, 1]."""
        return {name: ImagePairs(images, *self.transform(images), weight=self.weight)
                for name, images in (('visible', visible), ('infrared', infrared))}

    def before_train(self, runner: Runner) -> None:
        model = _unwrapped(runner)
        if not isinstance(model, DetectDescribe):
            raise TypeError(f'SelfSupervisedMatchingHook needs a DetectDescribe model, found {type(model).__name__}')
        model.guidance = self

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        steps, weights = zip(*self.schedule, strict=True)
        self.weight = float(np.interp(runner.iter, steps, weights))
        runner.message_hub.update_scalar('train/ssl_weight', self.weight)


def _unwrapped(runner: Runner) -> Any:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _schedule(weight: Weight) -> list[tuple[int, float]]:
    points = [(0, weight)] if isinstance(weight, (int, float)) else weight
    points = sorted((step, float(value)) for step, value in points)
    if not points or any(value < 0 for _, value in points):
        raise ValueError(f'a weight must be a number >= 0 or (iteration, number) pairs, found {weight!r}')
    return points
