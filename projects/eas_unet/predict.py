"""Segment the liver of a whole CT volume with a trained config."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from rich.progress import track
from torch import nn

from mmsight.engine.load_model import load_model
from mmsight.errors import InputError

from .drawing import draw_contours, spread, tile
from .loading import apply_window
from .metric import postprocess
from .vnet import VNet
from .volume import Volume, read_volume, write_mask


@dataclass(frozen=True)
class Prediction:
    """What :func:`predict_file` made.

    Attributes:
        mask (Path): NIfTI file, 1 where liver is, with the affine of the input.
        montage (Path): PNG with the liver's outline on up to 20 slices.
        millilitres (float): Volume of the liver.
        warning (str, optional): What is doubtful about ``millilitres``.
    """

    mask: Path
    montage: Path
    millilitres: float
    warning: str | None


def predict_volume(cfg: Config, model: nn.Module, volume: Volume, progress: bool = False) -> np.ndarray:
    """Segment a volume, a slice at a time through the config's own test pipeline; V-Net by overlapping slabs.

    Args:
        cfg (Config): Whose test pipeline begins with ``mmsight.LoadCTSlice`` (or ``mmsight.LoadCTVolume``).
        model (nn.Module): See :func:`mmsight.engine.load_model.load_model`.
        volume (Volume): Any size and orientation.
        progress (bool): Show a progress bar.

    Returns:
        np.ndarray: uint8 (slices, H, W), 1 where liver is.

    Raises:
        InputError: If the test pipeline reads no CT.
    """
    pipeline = cfg.test_dataloader.dataset.pipeline
    loader = pipeline[0]
    if loader['type'] not in ('mmsight.LoadCTSlice', 'mmsight.LoadCTVolume'):
        raise InputError(f"{cfg.filename}: the test pipeline begins with {loader['type']}, and a CT volume needs "
                         'mmsight.LoadCTSlice: use a config that is tested on volumes')
    parts = _slabs(model, volume, loader) if isinstance(model, VNet) else _slices(model, volume, loader, pipeline)
    mask = np.zeros(volume.data.shape, np.uint8)
    for where, part in track(parts, description='predicting', total=len(mask), disable=not progress):
        mask[where] = part
    return mask


def _slices(model: nn.Module, volume: Volume, loader: dict, pipeline: Sequence[dict]) -> Iterator[tuple[int, np.ndarray]]:
    """Mask of each slice."""
    rest = Compose([step for step in pipeline[1:] if step['type'] != 'mmsight.LoadLiverMask'])
    neighbours, last = loader.get('neighbours', 0), len(volume.data) - 1
    for index in range(len(volume.data)):
        wanted = np.arange(index - neighbours, index + neighbours + 1).clip(0, last)
        hu = np.concatenate([volume.hu(i, i + 1) for i in wanted])
        image = apply_window(hu, loader.get('window', (-200, 250))).transpose(1, 2, 0)
        packed = rest(dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2], seg_fields=[]))
        with torch.no_grad():
            sample, = model.test_step(pseudo_collate([packed]))
        yield index, sample.pred_sem_seg.data[0].cpu().numpy()


def _slabs(model: VNet, volume: Volume, loader: dict, context: int = 16) -> Iterator[tuple[slice, np.ndarray]]:
    """Mask of each slab of 96 slices, with ``context`` slices around it: memory does not grow with the volume."""
    device = next(model.parameters()).device
    for start in range(0, len(volume.data), 96):
        first, stop = max(start - context, 0), min(start + 96, len(volume.data))
        image = apply_window(volume.hu(first, stop + context), loader.get('window', (-200, 250)))
        with torch.no_grad():
            mask = model.predict_volume(torch.from_numpy(image)[None].to(device))
        yield slice(start, stop), mask[start - first:stop - first].cpu().numpy()


def predict_file(config: str, checkpoint: str, source: str | Path, out_dir: str | Path, device: str = 'cpu',
                 clean: bool = False, progress: bool = True) -> Prediction:
    """Segment a NIfTI file or the DICOM series of a folder, and write ``<name>_liver.nii.gz`` and ``<name>_liver.png``.

    Each file appears under its name only once it is complete.

    Args:
        config (str): Path or name of a config.
        checkpoint (str): Its weights.
        source (str | Path): ``.nii``, ``.nii.gz``, or a folder with one DICOM series.
        out_dir (str | Path): Folder for the results; made if missing.
        device (str): torch device. Defaults to ``'cpu'``.
        clean (bool): Keep the largest component and fill its holes. Defaults to False.
        progress (bool): Show a progress bar. Defaults to True.

    Raises:
        InputError: If an input cannot be read or the folder cannot be written.
    """
    volume = read_volume(source)
    cfg, model = load_model(config, checkpoint, device)
    try:
        Path(out_dir).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f'{out_dir}: the folder cannot be made: {error.strerror}') from error
    mask = predict_volume(cfg, model, volume, progress)
    if clean:
        mask = postprocess(mask.view(bool)).view(np.uint8)
    name = Path(source).name.removesuffix('.gz').removesuffix('.nii')
    paths = Path(out_dir) / f'{name}_liver.nii.gz', Path(out_dir) / f'{name}_liver.png'
    write_mask(volume, mask, paths[0])
    _write_montage(volume, mask, paths[1])
    millilitres = np.count_nonzero(mask) * float(np.prod(volume.spacing)) / 1000
    return Prediction(*paths, millilitres, volume.spacing_warning)


def _write_montage(volume: Volume, mask: np.ndarray, path: Path) -> None:
    shown = np.flatnonzero(mask.any(axis=(1, 2)))
    pictures = []
    for index in spread(shown if len(shown) else range(len(mask)), 20):
        grey = (255 * apply_window(volume.hu(index, index + 1)[0])).astype(np.uint8)
        # pixels need not be square
        height, width = (round(n * size) for n, size in zip(grey.shape, volume.spacing[1:], strict=True))
        size = (max(width, 1), max(height, 1))
        pictures.append(draw_contours(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), None,
                                      cv2.resize(mask[index], size, interpolation=cv2.INTER_NEAREST)))
    scratch = path.with_name(f'.{os.getpid()}-{path.name}')
    cv2.imwrite(str(scratch), cv2.cvtColor(tile(pictures, 5), cv2.COLOR_RGB2BGR))
    scratch.replace(path)
