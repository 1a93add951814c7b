"""Segmentation of the liver in CT volumes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsight.errors import InputError
from mmsight.tasks import Example, Export, Network, Option, Shown, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


FORMATS = ('nifti', 'dicom-seg')
"""Of masks."""


def show(found: dict) -> Shown:
    """State the volume of the liver."""
    names = ('volume_ml', 'mean_hu', 'std_hu', 'voxels', 'slices', 'spacing_mm', 'size')
    files = {name: found[name] for name in ('mask', 'segmentation', 'statistics', 'picture') if name in found}
    return Shown(f"{found['source']}: liver {found['volume_ml']:.0f} mL", files, found['warnings'], [found['note']],
                 [[name, found[name]] for name in names])


def export(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``probability`` (N, classes, H, W) of each pixel."""
    return dict(probability=logits(model, image)['logits'].softmax(dim=1))


def logits(model: Any, image: Tensor) -> dict[str, Tensor]:
    """``logits`` (N, classes, H, W)."""
    if not hasattr(model, 'encode_decode'):
        raise InputError(f'{type(model).__name__} is not a 2D segmentor; no other model can be exported')
    size = image.shape[-2:]
    return dict(logits=model.encode_decode(image, [dict(img_shape=size, ori_shape=size, pad_shape=size)]))


def replace_network(model: Any, run: Callable[[Tensor], dict[str, Tensor]]) -> None:
    """Let a 2D segmentor take its logits from ``run(image)``."""
    model.encode_decode = lambda image, metas: run(image)['logits']


def draw_sample(item: dict) -> np.ndarray:
    """A slice, the middle one of several, with the outline of the true liver in green."""
    import numpy as np

    from .drawing import draw_contours
    image, mask = (np.asarray(part).reshape(-1, *part.shape[-2:]) for part in (
        item['inputs'], item['data_samples'].gt_sem_seg.data))
    grey = image[len(image) // 2]
    grey = grey if grey.dtype == np.uint8 else (255 * grey).astype(np.uint8)
    return draw_contours(grey, mask[len(mask) // 2] == 1, None)


def make_scan(folder: Path) -> list[Path]:
    """Write a scan of a toy abdomen."""
    import numpy as np

    from .toy import make_abdomen, write_pair
    write_pair(folder, 0, 'RAS', *make_abdomen(np.random.default_rng(1)), origin=np.zeros(3))
    return [folder / 'volume-0.nii.gz']


TASK = Task(
    name='segment',
    title='Segment a liver',
    summary='segment the liver in CT volumes (for research; not a medical device)',
    inputs=dict(INPUT='CT scans: .nii, .nii.gz or DICOM files'),
    suffixes=('.nii', '.nii.gz', '.dcm'),
    options=(
        Option('series', 'number or UID of DICOM series, where a folder holds several, or all', None, str, 'SERIES', many=True),
        Option('rescale', 'for CT that is not in HU: HU = SLOPE * value + INTERCEPT, e.g. 1:-1024', None, str,
               'SLOPE:INTERCEPT'),
        Option('format', f"format of the mask: {' or '.join(FORMATS)}, which refers to the DICOM series", FORMATS[0], str,
               'FORMAT'),
        Option('clean', 'keep only the largest component and fill its holes', False, bool, page=(False, True)),
        Option('batch_size', 'number of slices per batch; larger is faster on a GPU', 8, int, 'N', cost=True, positive=True),
        Option('low_memory', 'keep volume and mask on disk and process slice by slice', False, bool,
               cost=True)),
    inferencer='mmsight.projects.eas_unet.inferencer:SegmentInferencer',
    show=show,
    usage='scan.nii.gz',
    reads=('Volumes', ),
    needs=('mmseg', 'nibabel', 'pydicom', 'highdicom'),
    install="pip install 'mmsight[seg]'",
    toy_model='eas_unet_toy',
    examples=(Example('CT of an abdomen, drawn by the project', make_scan), ),
    export=Export(export, peak=1.0),
    network=Network(logits, replace_network),
    draw_sample=draw_sample)
