"""The 8-bit slices that figures show, with their masks, as a model's config tests them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, init_default_scope
from rich.progress import track

from mmsight.engine.load_model import find_model, load_model
from mmsight.errors import InputError, did_you_mean

from .loading import display_slice


class ShownSlice(NamedTuple):
    """A slice.

    Attributes:
        name (str): Of its file, without suffix.
        case (str): Of its volume.
        image (np.ndarray): uint8 (H, W), upright.
        truth (np.ndarray): Bool (H, W).
        predicted (np.ndarray): Bool (H, W); all False before a network has seen it.
    """

    name: str
    case: str
    image: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray


def build_dataset(cfg: Config, folder: Path, split: str | None = None) -> Any:
    """The test set of a config, or another split of it, read from ``folder``."""
    settings = dict(cfg.test_dataloader.dataset, data_root=str(folder))
    return DATASETS.build(settings if split is None else dict(settings, split=split))


def read_slices(checkpoint: str, folder: Path, split: str) -> Iterator[ShownSlice]:
    """The slices of a split, as the config of a checkpoint reads them, without a prediction."""
    cfg, _ = find_model(checkpoint)
    init_default_scope(cfg.default_scope)
    data = build_dataset(cfg, folder, split)
    for index in range(len(data)):
        truth = data[index]['data_samples'].gt_sem_seg.data[0].numpy() == 1
        yield _slice(data.get_data_info(index), truth, np.zeros_like(truth))


def segment(checkpoint: str, folder: Path, names: Sequence[str] = ()) -> Iterator[ShownSlice]:
    """Predict test slices, all of them or those of ``names``, in this order.

    Raises:
        InputError: If there is no slice of a name; the sentence names similar ones.
    """
    cfg, model = load_model(checkpoint)
    yield from predict(model, build_dataset(cfg, folder), names)


def predict(model: Any, data: Any, names: Sequence[str] = ()) -> Iterator[ShownSlice]:
    """As :func:`segment`, with a loaded model and its test set."""
    numbers = {Path(data.get_data_info(index)['img_path']).stem: index for index in range(len(data))}
    for name in names:
        if name not in numbers:
            raise InputError(f"no test slice '{name}'; {did_you_mean(name, list(numbers))}they are among the images in "
                             f'{data.data_root}')
    for name in track(names or list(numbers), 'segmenting'):
        with torch.no_grad():
            sample, = model.test_step(pseudo_collate([data[numbers[name]]]))
        truth, predicted = (getattr(sample, key).data[0].numpy() == 1 for key in ('gt_sem_seg', 'pred_sem_seg'))
        yield _slice(data.get_data_info(numbers[name]), truth, predicted)


def _slice(entry: dict, truth: np.ndarray, predicted: np.ndarray) -> ShownSlice:
    image = display_slice(entry['img_path'], entry['slice_index'], entry.get('quarter_turns', 0))
    return ShownSlice(Path(entry['img_path']).stem, entry['case'], image, truth, predicted)
