"""The smallest whole project: a line fitted to points. CONTRIBUTING.md walks through it; its tests keep it honest."""

import json
from pathlib import Path

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmsight.errors import InputError
from mmsight.registry import DATASETS, METRICS, MODELS


@DATASETS.register_module()
class PointDataset(Dataset):
    """Points ``{"x": ..., "y": ...}`` of the json list ``ann_file``."""

    def __init__(self, ann_file: str) -> None:
        if not Path(ann_file).is_file():
            raise InputError(f'{ann_file}: the annotation does not exist')
        self.points = json.loads(Path(ann_file).read_text())

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> dict[str, float]:
        return self.points[index]


@MODELS.register_module()
class LineModel(BaseModel):
    """y = slope x + intercept, by least squares."""

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.line = nn.Linear(1, 1)

    def forward(self, x: Tensor, y: Tensor | None = None, mode: str = 'tensor') -> dict[str, Tensor] | list[dict] | Tensor:
        """y of each ``x`` (...); the loss, or ``{'error': |y - prediction|}`` of each point, of ``x`` and ``y`` (N, )."""
        found: Tensor = self.line(x.float()[..., None])[..., 0]
        if mode == 'tensor' or y is None:
            return found
        error = found - y.float()
        return dict(loss=error.square().mean()) if mode == 'loss' else [dict(error=float(value)) for value in error.abs()]


@METRICS.register_module()
class MeanError(BaseMetric):
    """Mean absolute error."""

    default_prefix = 'example'

    def process(self, data_batch: dict, data_samples: list[dict]) -> None:
        """Collect the errors."""
        self.results += [sample['error'] for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``mean_error``, in the unit of y."""
        return dict(mean_error=float(torch.tensor(results).mean()))
