"""Segment the liver of a whole CT volume with a trained config."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from rich.progress import Progress
from torch import nn

from mmsight.errors import InputError

from .loading import apply_window
from .vnet import VNet
from .volume import Volume

LOADERS = ('mmsight.LoadCTSlice', 'mmsight.LoadGreySlice', 'mmsight.LoadCTVolume')
"""What a test pipeline may begin with; of a volume its place is taken by the volume's own slices."""


def predict_volume(cfg: Config, model: nn.Module, volume: Volume, progress: bool = False, batch_size: int = 1,
                   out: np.ndarray | None = None) -> np.ndarray:
    """Segment a volume, slice by slice through the config's own test pipeline; V-Net by overlapping slabs.

    Args:
        cfg (Config): Whose test pipeline begins with a loader of this project.
        model (nn.Module): See :func:`mmsight.engine.load_model.load_model`. Its ``dataset_meta['hu_window']`` is the HU window
            that it was trained in.
        volume (Volume): Any size and orientation.
        progress (bool): Show a progress bar.
        batch_size (int): Slices that go through the network at once.
        out (np.ndarray, optional): Takes the mask, say a memory-mapped one.

    Returns:
        np.ndarray: ``out``, or uint8 (slices, H, W), 1 where liver is.

    Raises:
        InputError: If the test pipeline reads no slices, or the window is not known.
    """
    pipeline = cfg.test_dataloader.dataset.pipeline
    loader = pipeline[0]
    if loader['type'] not in LOADERS:
        raise InputError(f"{cfg.filename}: the test pipeline begins with {loader['type']}, and for a CT volume it must begin "
                         f"with {' or '.join(LOADERS)}")
    window = getattr(model, 'dataset_meta', {}).get('hu_window')
    if window is None:
        raise InputError(f'{cfg.filename}: nothing says in which HU window the model was trained: set '
                         'metainfo=dict(hu_window=(low, high)) in test_dataloader.dataset')
    parts = _slabs(model, volume, window) if isinstance(model, VNet) else _slices(
        model, volume, window, pipeline, batch_size)
    mask = np.empty(volume.data.shape, np.uint8) if out is None else out
    with Progress(disable=not progress) as bar:
        task = bar.add_task('slices', total=len(mask))
        for where, part in parts:
            mask[where] = part
            bar.advance(task, len(part))
    return mask


def _slices(model: Any, volume: Volume, window: tuple[float, float], pipeline: Sequence[dict],
            batch_size: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Masks of a batch of slices after the other."""
    rest = Compose([step for step in pipeline[1:] if step['type'] != 'mmsight.LoadLiverMask'])
    neighbours, last = pipeline[0].get('neighbours', 0), len(volume.data) - 1
    for start in range(0, len(volume.data), batch_size):
        stop = min(start + batch_size, len(volume.data))
        packed = []
        for index in range(start, stop):
            wanted = np.arange(index - neighbours, index + neighbours + 1).clip(0, last)
            hu = np.concatenate([volume.hu(i, i + 1) for i in wanted])
            image = apply_window(hu, window).transpose(1, 2, 0)
            packed.append(rest(dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2], seg_fields=[])))
        with torch.no_grad():
            samples = model.test_step(pseudo_collate(packed))
        yield slice(start, stop), np.stack([sample.pred_sem_seg.data[0].cpu().numpy() for sample in samples])


def _slabs(model: VNet, volume: Volume, window: tuple[float, float], context: int = 16) -> Iterator[tuple[slice, np.ndarray]]:
    """Mask of each slab of 96 slices, with ``context`` slices around it: memory does not grow with the volume."""
    device = next(model.parameters()).device
    for start in range(0, len(volume.data), 96):
        first, stop = max(start - context, 0), min(start + 96, len(volume.data))
        image = apply_window(volume.hu(first, stop + context), window)
        with torch.no_grad():
            mask = model.predict_volume(torch.from_numpy(image)[None].to(device))
        yield slice(start, stop), mask[start - first:stop - first].cpu().numpy()
