"""mmengine's training loops, on a loader that starts at any batch of a pass."""

from collections.abc import Iterator
from typing import Any, cast

from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmsight.registry import LOOPS

from .loader import PlacedBatchSampler, placed


@LOOPS.register_module()
class EpochTrainLoop(EpochBasedTrainLoop):
    """Epochs, of which the first goes on where a checkpoint was saved in the middle of it.

    Args:
        **kwargs: See mmengine's ``EpochBasedTrainLoop``.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict, **kwargs: Any) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.dataloader: DataLoader = placed(self.dataloader, runner.seed)

    def run_epoch(self) -> None:
        """Iterate one epoch, or what is left of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        batches = cast(PlacedBatchSampler, self.dataloader.batch_sampler)
        batches.epoch = self.epoch
        batches.start = done = self.iter - self.epoch * len(self.dataloader)
        for number, data_batch in enumerate(self.dataloader, done):
            self.run_iter(number, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


class _Batches:
    """What mmengine's loop takes batches from, and tells how many were trained already."""

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader
        self.batches: Iterator | None = None

    def skip_iter(self, number: int) -> None:
        cast(PlacedBatchSampler, self.loader.batch_sampler).start = number

    def __next__(self) -> Any:
        if self.batches is None:
            self.batches = iter(self.loader)
        return next(self.batches)


@LOOPS.register_module()
class IterTrainLoop(IterBasedTrainLoop):
    """Iterations, which go on where a checkpoint was saved. Passes follow one another without new workers.

    Args:
        **kwargs: See mmengine's ``IterBasedTrainLoop``.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict, **kwargs: Any) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.dataloader: DataLoader = placed(self.dataloader, runner.seed, endless=True)
        self.dataloader_iterator: Any = _Batches(self.dataloader)
