"""A loader whose samples depend on where they stand in a training, not on what was loaded before them."""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


def seed_all(*key: int) -> None:
    """Seed Python's, NumPy's and torch's global generators from integers >= 0; takes 60 microseconds."""
    words = np.random.SeedSequence(key).generate_state(4)
    random.seed(int(words[0]) << 32 | int(words[1]))
    np.random.seed(words)
    # torch.manual_seed also queues a call for CUDA, with a stack trace, in every worker
    torch.default_generator.manual_seed(int(words[2]) << 31 | int(words[3]))


class SeededDataset(Dataset):
    """A dataset whose random transforms follow from the seed, the pass and the index of a sample.

    Whatever hooks read of the dataset, or set, is read and set of the one inside.

    Args:
        dataset (Dataset): Any with ``__getitem__``.
        seed (int): Of the training.
    """

    def __init__(self, dataset: Any, seed: int) -> None:
        self.__dict__.update(dataset=dataset, seed=seed)

    def __getitem__(self, place: int | tuple[int, int]) -> Any:
        """A sample, given its index, or (pass, index), which makes it repeatable."""
        if isinstance(place, tuple):
            seed_all(self.seed, *place)
            return self.dataset[place[1]]
        return self.dataset[place]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or 'dataset' not in self.__dict__:  # while a worker unpickles it
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.dataset, name, value)


class PlacedBatchSampler:
    """Batches of (pass, index) from any batch sampler, from any place on: the batches before it are not loaded.

    Args:
        batch_sampler (BatchSampler): Yields lists of indices; its ``sampler`` may have ``set_epoch``.
        endless (bool): Go on for ever, pass after pass. A "pass" is then a batch: samplers may repeat an index within a pass.

    Attributes:
        epoch (int): The pass that is yielded, unless ``endless``.
        start (int): Batches to leave out, of the pass, or of all if ``endless``; 0 again after the next pass.
    """

    def __init__(self, batch_sampler: Any, endless: bool = False) -> None:
        self.batch_sampler, self.endless = batch_sampler, endless
        self.epoch = self.start = 0

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        start, self.start = self.start, 0
        batches = self._all_passes() if self.endless else self.batch_sampler
        for number, batch in enumerate(itertools.islice(batches, start, None), start):
            yield [(number if self.endless else self.epoch, index) for index in batch]

    def _all_passes(self) -> Iterator[list[int]]:
        for epoch in itertools.count():
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(epoch)
            yield from self.batch_sampler

    def __len__(self) -> int:
        return len(self.batch_sampler)

    @property
    def sampler(self) -> Any:
        """The sampler of indices."""
        return self.batch_sampler.sampler


def placed(loader: DataLoader, seed: int, endless: bool = False) -> DataLoader:
    """The same loader over a :class:`SeededDataset`, with a :class:`PlacedBatchSampler`."""
    workers: dict[str, Any] = {} if loader.num_workers == 0 else dict(
        prefetch_factor=loader.prefetch_factor, persistent_workers=loader.persistent_workers,
        multiprocessing_context=loader.multiprocessing_context)
    batches: Any = PlacedBatchSampler(loader.batch_sampler, endless)
    return DataLoader(SeededDataset(loader.dataset, seed), batch_sampler=batches, num_workers=loader.num_workers,
                      collate_fn=loader.collate_fn, pin_memory=loader.pin_memory, timeout=loader.timeout,
                      worker_init_fn=loader.worker_init_fn, **workers)
