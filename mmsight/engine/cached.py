"""Keep what is not random of a pipeline in memory."""

from copy import deepcopy

import numpy as np
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS

from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Cached:
    """Run transforms once for each file and keep their outcome: decoding, resizing, nothing random.

    Each worker keeps its own; ``persistent_workers`` keep it over epochs. Samples of one file must be alike.

    Args:
        transforms (list[dict]): What to run.
        key (str): What of a sample names its file. Defaults to ``'img_path'``.
        memory_mb (int): Images beyond this much are not kept. Defaults to 2048.
    """

    def __init__(self, transforms: list[dict], key: str = 'img_path', memory_mb: int = 2048) -> None:
        self.transforms = [ROOT_TRANSFORMS.build(config) for config in transforms]
        self.key = key
        self.room = memory_mb * 2**20
        self.kept: dict[str, dict] = {}

    def __call__(self, results: dict) -> dict:
        """The outcome for a file, as a copy: later transforms may write into it."""
        path = results[self.key]
        found = self.kept.get(path)
        if found is None:
            found = results
            for transform in self.transforms:
                found = transform(found)
            size = sum(value.nbytes for value in found.values() if isinstance(value, np.ndarray))
            if size > self.room:
                return found
            self.room -= size
            self.kept[path] = found
        return {**results, **deepcopy(found)}
