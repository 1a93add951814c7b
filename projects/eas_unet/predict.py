"""Segment the liver of a whole CT volume with a trained config."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from rich.progress import Progress
from torch import nn

from mmsight.errors import InputError

from .loading import WINDOW, apply_window
from .vnet import VNet
from .volume import Volume


def predict_volume(cfg: Config, model: nn.Module, volume: Volume, progress: bool = False, batch_size: int = 1,
                   out: np.ndarray | None = None) -> np.ndarray:
    """Segment a volume, slice by slice through the config's own test pipeline; V-Net by overlapping slabs.

    Args:
        cfg (Config): Whose test pipeline begins with ``mmsight.LoadCTSlice`` (or ``mmsight.LoadCTVolume``).
        model (nn.Module): See :func:`mmsight.engine.load_model.load_model`.
        volume (Volume): Any size and orientation.
        progress (bool): Show a progress bar.
        batch_size (int): Slices that go through the network at once.
        out (np.ndarray, optional): Takes the mask, say a memory-mapped one.

    Returns:
        np.ndarray: ``out``, or uint8 (slices, H, W), 1 where liver is.

    Raises:
        InputError: If the test pipeline reads no CT.
    """
    pipeline = cfg.test_dataloader.dataset.pipeline
    loader = pipeline[0]
    if loader['type'] not in ('mmsight.LoadCTSlice', 'mmsight.LoadCTVolume'):
        raise InputError(f"{cfg.filename}: the test pipeline begins with {loader['type']}, and a CT volume needs "
                         'mmsight.LoadCTSlice: use a config that is tested on volumes')
    parts = _slabs(model, volume, loader) if isinstance(model, VNet) else _slices(
        model, volume, loader, pipeline, batch_size)
    mask = np.empty(volume.data.shape, np.uint8) if out is None else out
    with Progress(disable=not progress) as bar:
        task = bar.add_task('slices', total=len(mask))
        for where, part in parts:
            mask[where] = part
            bar.advance(task, len(part))
    return mask


def window_of(model: nn.Module, loader: dict) -> tuple[float, float]:
    """The HU window that belongs to the weights: ``hu_window`` of the model's ``dataset_meta``, else the test pipeline's."""
    low, high = getattr(model, 'dataset_meta', {}).get('hu_window') or loader.get('window', WINDOW)
    return low, high


def _slices(model: nn.Module, volume: Volume, loader: dict, pipeline: Sequence[dict],
            batch_size: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Masks of a batch of slices after the other."""
    rest = Compose([step for step in pipeline[1:] if step['type'] != 'mmsight.LoadLiverMask'])
    neighbours, last = loader.get('neighbours', 0), len(volume.data) - 1
    for start in range(0, len(volume.data), batch_size):
        stop = min(start + batch_size, len(volume.data))
        packed = []
        for index in range(start, stop):
            wanted = np.arange(index - neighbours, index + neighbours + 1).clip(0, last)
            hu = np.concatenate([volume.hu(i, i + 1) for i in wanted])
            image = apply_window(hu, window_of(model, loader)).transpose(1, 2, 0)
            packed.append(rest(dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2], seg_fields=[])))
        with torch.no_grad():
            samples = model.test_step(pseudo_collate(packed))
        yield slice(start, stop), np.stack([sample.pred_sem_seg.data[0].cpu().numpy() for sample in samples])


def _slabs(model: VNet, volume: Volume, loader: dict, context: int = 16) -> Iterator[tuple[slice, np.ndarray]]:
    """Mask of each slab of 96 slices, with ``context`` slices around it: memory does not grow with the volume."""
    device = next(model.parameters()).device
    for start in range(0, len(volume.data), 96):
        first, stop = max(start - context, 0), min(start + 96, len(volume.data))
        image = apply_window(volume.hu(first, stop + context), window_of(model, loader))
        with torch.no_grad():
            mask = model.predict_volume(torch.from_numpy(image)[None].to(device))
        yield slice(start, stop), mask[start - first:stop - first].cpu().numpy()
