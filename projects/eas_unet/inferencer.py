"""Segment the liver in CT volumes."""

import gzip
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import nibabel as nib
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmsight.apis.base_inferencer import FileInferencer, write_picture
from mmsight.errors import InputError
from mmsight.files import complete_file, scratch_prefix

from .components import clean_mask
from .drawing import draw_contours, spread, tile
from .loading import apply_window
from .predict import predict_volume
from .task import TASK
from .volume import Volume, read_volume, write_mask

DISCLAIMER = 'For research. This is not a medical device: do not base a diagnosis or treatment on it.'


@dataclass
class _Scan:
    """A volume, where it came from, and a folder for what does not fit into memory."""

    source: Path
    volume: Volume
    scratch: tempfile.TemporaryDirectory | None = field(default=None, repr=False)


class SegmentInferencer(FileInferencer):
    """NIfTI files and DICOM series in, masks in the geometry of their file out, with statistics and a picture.

    Orientation: every volume is turned to one orientation before the network sees it, so that a file stored in any of the
    48 axis orders gets the same mask.

    ``batch_size`` slices go through the network at once. With ``low_memory`` memory does not grow with the number of slices: a
    ``.nii.gz`` is unpacked to disk, volume and mask are memory-mapped, and slices come one at a time.

    It writes ``<name>_liver.nii.gz``, ``<name>_liver.json`` and ``<name>_liver.png``.
    """

    task = TASK
    preprocess_kwargs = {'low_memory'}
    forward_kwargs = {'batch_size', 'clean'}

    def list_inputs(self, inputs: Sequence[str | Path]) -> list[Path]:
        """Here a folder without NIfTI files is a DICOM series."""
        series = [Path(item) for item in inputs if Path(item).is_dir() and not any(
            file.name.endswith(tuple(TASK.suffixes)) for file in Path(item).iterdir())]
        files = [path for path in map(Path, inputs) if path not in series]
        return series + (super().list_inputs(files) if files else [])

    def count_pixels(self, path: Path) -> int:
        """Voxels of a NIfTI file."""
        try:
            return int(np.prod(nib.Nifti1Image.from_filename(path).shape, dtype=np.int64))
        except Exception:  # nibabel raises many kinds
            return 0

    @staticmethod
    def name_of(path: Path) -> str:
        return path.name.removesuffix('.gz').removesuffix('.nii')

    def result_paths(self, file: Path, folder: Path) -> dict[str, Path]:
        endings = dict(mask='.nii.gz', statistics='.json', picture='.png')
        return {name: folder / f'{self.name_of(file)}_liver{ending}' for name, ending in endings.items()}

    def preprocess(self, source: Path, out_dir: Path | None, *, low_memory: bool) -> _Scan:
        """Read one volume."""
        if not low_memory:
            return _Scan(source, read_volume(source))
        scratch = tempfile.TemporaryDirectory(prefix=scratch_prefix(), dir=out_dir)
        return _Scan(source, read_volume(_unpacked(source, Path(scratch.name))), scratch)

    @torch.no_grad()
    def forward(self, scan: _Scan, *, batch_size: int, clean: bool) -> SegDataSample:
        """Segment one volume: ``pred_sem_seg`` (slices, H, W), 1 where liver is."""
        out = None
        if scan.scratch is not None:
            batch_size = 1
            out = np.lib.format.open_memmap(Path(scan.scratch.name) / 'mask.npy', 'w+', np.uint8, scan.volume.data.shape)
        mask = predict_volume(self.cfg, self.model, scan.volume, self.show_progress, batch_size, out)
        if clean:
            clean_mask(mask.view(bool))
        return SegDataSample(pred_sem_seg=PixelData(data=torch.from_numpy(mask)), metainfo=dict(img_path=str(scan.source)))

    def visualize(self, scan: _Scan, prediction: SegDataSample) -> np.ndarray:
        """The liver's outline on up to 20 slices."""
        volume, mask = scan.volume, prediction.pred_sem_seg.data.numpy()
        shown = np.flatnonzero([part.any() for part in mask]).tolist()
        pictures = []
        for index in spread(shown or range(len(mask)), 20):
            grey = (255 * apply_window(volume.hu(index, index + 1)[0])).astype(np.uint8)
            # pixels need not be square
            height, width = (max(round(n * size), 1) for n, size in zip(grey.shape, volume.spacing[1:], strict=True))
            pictures.append(draw_contours(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), None,
                                          cv2.resize(mask[index], (width, height), interpolation=cv2.INTER_NEAREST)))
        return tile(pictures, 5)

    def postprocess(self, scan: _Scan, prediction: SegDataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None) -> dict | SegDataSample:
        """Statistics; write the three files."""
        mask = prediction.pred_sem_seg.data.numpy()
        found = dict(statistics(scan.volume, mask), source=str(scan.source), checkpoint=self.checkpoint, note=DISCLAIMER)
        if out_dir is not None and picture is not None:
            paths = self.result_paths(scan.source, out_dir)
            write_mask(scan.volume, mask, paths['mask'])
            write_picture(picture, paths['picture'])
            with complete_file(paths['statistics']) as scratch:
                scratch.write_text(json.dumps(found, indent=2) + '\n')
            found.update(mask=str(paths['mask']), picture=str(paths['picture']))
        if return_datasamples:
            prediction.set_metainfo(found)
            if scan.scratch is not None:
                prediction.pred_sem_seg = PixelData(data=torch.from_numpy(mask.copy()))
        if scan.scratch is not None:
            scan.scratch.cleanup()
        return prediction if return_datasamples else found


def statistics(volume: Volume, mask: np.ndarray) -> dict[str, Any]:
    """Volume and density of what a mask (slices, H, W) marks, a slice at a time.

    Returns:
        dict[str, Any]: ``volume_ml``, ``mean_hu`` and ``std_hu`` (None for an empty mask), ``voxels``, ``slices`` with liver,
        ``spacing_mm`` (z, y, x), ``size`` (slices, H, W) and ``warnings``, a list of sentences.
    """
    count, total, squares, slices = 0, 0.0, 0.0, 0
    for index, part in enumerate(mask):
        inside = volume.hu(index, index + 1)[0][part > 0].astype(np.float64)
        count, slices = count + inside.size, slices + bool(inside.size)
        total, squares = total + inside.sum(), squares + (inside**2).sum()
    warnings = [warning for warning in (volume.spacing_warning, volume.range_warning) if warning]
    if not count:
        warnings.append(f'{volume.path.name}: no liver was found, the mask is empty')
    mean = total / count if count else None
    return dict(volume_ml=round(count * float(np.prod(volume.spacing)) / 1000, 3),
                mean_hu=None if mean is None else round(mean, 2),
                std_hu=None if mean is None else round(float(np.sqrt(max(squares / count - mean**2, 0))), 2),
                voxels=count, slices=slices, spacing_mm=list(volume.spacing), size=list(mask.shape), warnings=warnings)


def _unpacked(source: Path, folder: Path) -> Path:
    """A ``.nii.gz`` as ``.nii``, which can be memory-mapped; anything else as it is."""
    if source.suffix != '.gz':
        return source
    path = folder / source.name.removesuffix('.gz')
    try:
        with gzip.open(source) as packed, path.open('wb') as out:
            shutil.copyfileobj(packed, out, 2**20)
    except (EOFError, gzip.BadGzipFile) as error:
        raise InputError(f'{source}: the file is truncated, or not gzip: {error}') from error
    except OSError as error:
        raise InputError(f'{source}: the file cannot be unpacked to {folder}: {error.strerror or error}') from error
    return path
