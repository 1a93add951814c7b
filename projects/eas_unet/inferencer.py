"""Segment the liver in CT volumes."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import nibabel as nib
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmsight.apis.base_inferencer import FileInferencer, write_picture
from mmsight.apis.expectations import size_warnings
from mmsight.errors import InputError
from mmsight.files import list_files, scratch_prefix
from mmsight.json_files import write_json

from .components import clean_mask
from .ct import parse_rescale, read_volume
from .dicom import Series, choose_series, is_dicom
from .dicom_headers import read_header
from .dicom_seg import check_files, write_dicom_seg
from .drawing import draw_contours, spread, tile
from .loading import apply_window
from .nifti import SUFFIXES, write_mask
from .predict import predict_volume
from .task import FORMATS, TASK
from .volume import Volume

DISCLAIMER = 'For research. This is not a medical device: do not base a diagnosis or treatment on it.'


@dataclass
class _Scan:
    """A volume, where it came from, and a folder for what does not fit into memory."""

    source: Path | Series
    volume: Volume
    scratch: tempfile.TemporaryDirectory | None = field(default=None, repr=False)


PICTURE = 256
"""Longer side, in pixels, of a slice in the picture."""


class SegmentInferencer(FileInferencer):
    """NIfTI files and DICOM series in, masks in the geometry of their file out, with statistics and a picture.

    An input is a NIfTI file, a DICOM file, a folder of NIfTI files, or a folder with DICOM files in it or below it, of which
    the CT series is taken and the rest left out with a warning; several series are listed, and ``series`` chooses.

    Orientation: every volume is turned to one orientation before the network sees it, so that a file stored in any of the
    48 axis orders gets the same mask.

    ``batch_size`` slices go through the network at once. With ``low_memory`` memory does not grow with the number of slices: a
    ``.nii.gz`` or a DICOM series is unpacked to disk, volume and mask are memory-mapped, and slices come one at a time.

    It writes ``<name>_liver.nii.gz``, or with ``format='dicom-seg'`` ``<name>_liver.dcm``, a DICOM segmentation that refers to
    the series; ``<name>_liver.json`` and ``<name>_liver.png``.
    """

    task = TASK
    preprocess_kwargs = {'low_memory', 'rescale', 'series'}
    forward_kwargs = {'batch_size', 'clean'}
    postprocess_kwargs = {'format'}
    _wanted: tuple[str, ...] = ()
    _format = FORMATS[0]

    def check_options(self, options: dict) -> None:
        """Keep those that say which inputs are meant."""
        parse_rescale(options['rescale'])
        if options['format'] not in FORMATS:
            raise InputError(f"--format {options['format']}: one of {', '.join(FORMATS)} is expected")
        self._wanted, self._format = tuple(options['series'] or ()), options['format']

    def files_of(self, item: Path | Series) -> list[Path]:
        """Where an input was found."""
        return [item.source if isinstance(item, Series) else item]

    def list_inputs(self, inputs: Sequence[str | Path]) -> list[Path | Series]:
        """NIfTI files, and series that DICOM files and folders hold. What cannot be listed is left to :meth:`preprocess`."""
        nifti: list[Path] = []
        dicom: dict[Path, list[Path] | None] = {}
        for path in map(Path, inputs):
            if path.is_dir() and not any(file.name.lower().endswith(SUFFIXES) for file in path.iterdir()):
                dicom[path] = None
            elif path.is_dir():
                nifti += list_files([path], SUFFIXES)
            else:
                for file in list_files([path], SUFFIXES):
                    if not is_dicom(file):
                        nifti.append(file)
                    elif (files := dicom.setdefault(file.parent, [])) is not None:
                        files.append(file)
        if nifti and self._format == 'dicom-seg':
            raise InputError(f'{nifti[0]}: a DICOM segmentation refers to a DICOM series, and this is none: leave out --format')
        found: list[Path | Series] = []
        for folder, files in dicom.items():
            source = files[0] if files is not None and len(files) == 1 else folder
            try:
                found += choose_series(source, self._wanted, files)
            except InputError:
                if files is None or len(files) == 1:
                    found.append(source)
                else:
                    raise
        for series in found if self._format == 'dicom-seg' else ():
            if isinstance(series, Series):
                check_files(series, [part.file for part in series.slices])
        return found + list(dict.fromkeys(nifti))

    def count_pixels(self, path: Path) -> int:
        """Voxels of a file."""
        try:
            if is_dicom(path):
                header = read_header(path)
                return 0 if header is None else sum(int(np.prod(part.size)) for part in header.slices)
            return int(np.prod(nib.Nifti1Image.from_filename(path).shape, dtype=np.int64))
        except Exception:  # nibabel raises many kinds
            return 0

    @staticmethod
    def name_of(path: Path | Series) -> str:
        return path.name if isinstance(path, Series) else re.sub(r'\.nii(\.gz)?$', '', path.name, flags=re.IGNORECASE)

    def result_paths(self, file: Path | Series, folder: Path) -> dict[str, Path]:
        endings = dict(mask='.nii.gz', segmentation='.dcm', statistics='.json', picture='.png')
        return {name: folder / f'{self.name_of(file)}_liver{ending}' for name, ending in endings.items()}

    def preprocess(self, source: Path | Series, out_dir: Path | None, *, low_memory: bool, rescale: str | None,
                   series: Sequence[str] | None) -> _Scan:
        """Read one volume."""
        scratch = tempfile.TemporaryDirectory(prefix=scratch_prefix(), dir=out_dir) if low_memory else None
        folder = None if scratch is None else Path(scratch.name)
        volume = read_volume(source, parse_rescale(rescale), series or (), folder)
        height, width = volume.data.shape[1:]
        doubts = size_warnings(volume.path.name, width, height, getattr(self.model, 'dataset_meta', {}))
        return _Scan(source, replace(volume, warnings=(*volume.warnings, *doubts)), scratch)

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
            sides = [n * size for n, size in zip(grey.shape, volume.spacing[1:], strict=True)]
            height, width = (max(round(PICTURE * side / max(sides)), 1) for side in sides)
            pictures.append(draw_contours(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), None,
                                          cv2.resize(mask[index], (width, height), interpolation=cv2.INTER_NEAREST), height))
        return tile(pictures, 5)

    def postprocess(self, scan: _Scan, prediction: SegDataSample, picture: np.ndarray | None, return_datasamples: bool,
                    out_dir: Path | None, *, format: str) -> dict | SegDataSample:
        """Statistics; write the three files."""
        mask = prediction.pred_sem_seg.data.numpy()
        found = dict(statistics(scan.volume, mask), source=str(scan.source), checkpoint=self.checkpoint, note=DISCLAIMER)
        if out_dir is not None and picture is not None:
            paths = self.result_paths(scan.source, out_dir)
            kind, write = ('segmentation', write_dicom_seg) if format == 'dicom-seg' else ('mask', write_mask)
            write(scan.volume, mask, paths[kind])
            write_picture(picture, paths['picture'])
            write_json(paths['statistics'], found, indent=2)
            found.update({kind: str(paths[kind])}, statistics=str(paths['statistics']), picture=str(paths['picture']))
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
        dict[str, Any]: ``volume_ml``, by the determinant of the affine, ``mean_hu`` and ``std_hu`` (None for an empty mask),
        ``voxels``, ``slices`` with liver, ``spacing_mm`` (z, y, x), ``size`` (slices, H, W) and ``warnings``, a list of
        sentences.
    """
    count, total, squares, slices = 0, 0.0, 0.0, 0
    for index, part in enumerate(mask):
        inside = volume.hu(index, index + 1)[0][part > 0].astype(np.float64)
        count, slices = count + inside.size, slices + bool(inside.size)
        total, squares = total + inside.sum(), squares + (inside**2).sum()
    warnings = list(volume.warnings)
    if not count:
        warnings.append(f'{volume.path.name}: no liver was found, the mask is empty')
    mean = total / count if count else None
    return dict(volume_ml=round(count * volume.voxel_ml, 3),
                mean_hu=None if mean is None else round(mean, 2),
                std_hu=None if mean is None else round(float(np.sqrt(max(squares / count - mean**2, 0))), 2),
                voxels=count, slices=slices, spacing_mm=list(volume.spacing), size=list(mask.shape), warnings=warnings)
