"""Liver metrics of whole cases: slices go back into volumes, and every number is taken per case."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer
from rich.progress import track

from mmsight.engine.per_case import write_per_case
from mmsight.errors import InputError
from mmsight.registry import METRICS

from .components import clean_mask
from .contract import check_sample
from .drawing import draw_box_plot, draw_contours
from .loading import display_slice
from .surface_distance import summarise_distances, surface_distances

MIN_LIVER = 0.015
"""Least share of a slice that is liver, for the paper to keep the slice."""
SMALL_LIVER = 0.05
"""Share of a slice below which its liver is small."""


def overlap(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Measures of the overlap of two bool masks of the same shape, in [0, 1].

    Returns:
        dict[str, float]: ``DSC``, ``2 |A n B| / (|A| + |B|)``; ``VOE``, ``1 - |A n B| / |A u B|``, the standard volumetric
        overlap error; ``VOE_as_printed`` = 1 - DSC, the paper's formula (its table's column fits neither); ``precision`` and
        ``recall``. Two empty masks agree: DSC, precision and recall are 1. Where only one is empty, they are 0.
    """
    return overlap_of_counts(*(int(np.count_nonzero(mask)) for mask in (predicted & truth, predicted, truth)))


def overlap_of_counts(shared: int, ours: int, theirs: int) -> dict[str, float]:
    """:func:`overlap` from the voxels of the intersection, the prediction and the truth."""
    if not ours + theirs:
        return dict(DSC=1.0, VOE=0.0, VOE_as_printed=0.0, precision=1.0, recall=1.0)
    dsc = 2 * shared / (ours + theirs)
    return dict(DSC=dsc, VOE=1 - shared / (ours + theirs - shared), VOE_as_printed=1 - dsc,
                precision=shared / ours if ours else 0.0, recall=shared / theirs if theirs else 0.0)


@METRICS.register_module()
class LiverMetric(BaseMetric):
    """Overlap and surface distances per case, on the whole volume and on the slices that the paper keeps.

    Samples carry ``case``, ``slice_index`` (of their first slice), ``num_slices`` and ``spacing`` in mm: (z, y, x), or of a
    sheared grid the vector of each step, see :func:`.surface_distance.surface_points`. Predicted and true maps hold one slice
    (1, H, W) or a whole volume (slices, H, W), 1 where liver is.

    Metrics: ``DSC``, ``VOE``, ``VOE_as_printed``, ``precision``, ``recall`` (see :func:`overlap`), ``ASSD18_mm``, ``ASSD6_mm``,
    ``HD_mm``, ``HD95_mm``: the mean over cases; ``DSC_std`` and ``DSC_min`` over cases; ``DSC_global``, all voxels pooled.
    The number is the neighbours that make a surface: 18 (faces and edges; in a slice 8) as the usual evaluation of LiTS has
    it, 6 (faces; in a slice 4) as MONAI, medpy and SciPy do, and as ``HD`` and ``HD95`` take it. On thick slices they differ.
    ``kept_slices_*``: the same on the slices whose true liver covers at least 1.5 % of the slice, which the paper evaluates and
    which flatters; ``small_slices_DSC``: on those with liver that covers less than 5 %, of the cases that have any. A case (or
    separate slice) in which one mask alone is empty has no distance: it is left out of those means, and ``without_distance``
    counts it.

    The run's log folder gets ``per_case.csv``; its visualizer a box plot and the worst slices of the worst cases.

    Args:
        separate_slices (bool): The slices of a case are samples of it rather than a stack: distances are taken within each
            slice and averaged per case. Defaults to False.
        clean (bool): Keep the largest component and fill holes before measuring. Defaults to False.
        worst (int): Cases to draw. Defaults to 4.

    Without spacing the unit is the pixel, and the names end in ``_px``.
    """

    default_prefix = 'liver'

    def __init__(self, separate_slices: bool = False, clean: bool = False, worst: int = 4, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.separate_slices, self.clean, self.worst = separate_slices, clean, worst

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep each sample's masks as compressed bits: a few kB a slice."""
        for sample in data_samples:
            check_sample(sample)
            masks = [np.asarray(sample[key]['data'].cpu()) for key in ('pred_sem_seg', 'gt_sem_seg')]
            if masks[0].shape != masks[1].shape:
                raise InputError(f"{sample['img_path']}: the prediction is {masks[0].shape}, the mask {masks[1].shape}: load "
                                 'the mask after Resize in the test pipeline')
            predicted, truth = (zlib.compress(np.packbits(mask == 1).tobytes(), 1) for mask in masks)
            self.results.append(dict(
                case=sample['case'], start=sample['slice_index'], total=sample['num_slices'], spacing=sample['spacing'],
                path=sample['img_path'], turns=sample.get('quarter_turns', 0), shape=masks[0].shape, predicted=predicted,
                truth=truth))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """See the class."""
        cases: dict[str, dict[int, dict]] = defaultdict(dict)
        for item in results:
            cases[item['case']][item['start']] = item  # a distributed sampler may repeat a slice
        rows = [self._measure(name, cases[name]) for name in track(sorted(cases), description='measuring cases')]
        metrics = _summarise(rows)
        logger = MMLogger.get_current_instance()
        isotropic = [row['case'] for row in rows if row['spacing'] == (1, 1, 1)]
        if isotropic:
            logger.warning(f"spacing (1, 1, 1) mm in {', '.join(isotropic)}: LiTS volumes 28 to 47 state it wrongly, so "
                           'their distances are not in mm')
        write_per_case([{key: value for key, value in row.items() if not key.endswith('counts')} for row in rows], 'DSC')
        if Visualizer.check_instance_created('visualizer'):
            self._draw(rows, cases, Visualizer.get_instance('visualizer'))
        logger.info('  '.join(f'{name} {value:.4f}' for name, value in metrics.items()))
        return metrics

    def _measure(self, name: str, slices: dict[int, dict]) -> dict:
        """One row of the table."""
        items = [slices[start] for start in sorted(slices)]
        found = sum(item['shape'][0] for item in items)
        if not self.separate_slices and found != items[0]['total']:
            raise InputError(f"case {name} has {items[0]['total']} slices, and {found} were predicted: a volume is measured "
                             'whole (for loose slices set separate_slices=True in the evaluator)')
        predicted, truth = (np.concatenate([_unpack(item, key) for item in items]) for key in ('predicted', 'truth'))
        if self.clean:
            clean_mask(predicted)
        spacing = items[0]['spacing']
        row = dict(case=name, slices=len(truth), spacing=None if spacing is None else tuple(np.asarray(spacing).tolist()),
                   worst_slice=int((predicted != truth).sum(axis=(1, 2)).argmax()), **self._values(predicted, truth, spacing))
        share = truth.mean(axis=(1, 2))
        small, kept = (share > 0) & (share < SMALL_LIVER), share >= MIN_LIVER
        if small.any():
            row['small_slices_DSC'] = overlap(predicted[small], truth[small])['DSC']
        if kept.any():
            if self.separate_slices:
                predicted, truth = predicted[kept], truth[kept]
            else:  # the other slices are emptied, not cut out, so that what remains keeps its distances
                predicted, truth = predicted & kept[:, None, None], truth & kept[:, None, None]
            row |= {f'kept_slices_{key}': value for key, value in self._values(predicted, truth, spacing).items()}
        return row

    def _values(self, predicted: np.ndarray, truth: np.ndarray, spacing: Sequence | None) -> dict[str, Any]:
        counts = tuple(int(np.count_nonzero(mask)) for mask in (predicted & truth, predicted, truth))
        unit = 'px' if spacing is None else 'mm'
        steps = np.ones(3) if spacing is None else np.asarray(spacing, dtype=float)
        parts = zip(predicted, truth, strict=True) if self.separate_slices else [(predicted, truth)]
        distances = [_distances(ours, theirs, steps[1:] if self.separate_slices else steps) for ours, theirs in parts]
        finite = [part for part in distances if np.isfinite(part['HD'])]
        means = {f'{name}_{unit}': float(np.mean([part[name] for part in finite])) if finite else float('inf')
                 for name in ('ASSD18', 'ASSD6', 'HD', 'HD95')}
        return dict(counts=counts, **overlap_of_counts(*counts), **means, without_distance=len(distances) - len(finite))

    def _draw(self, rows: list[dict], cases: dict[str, dict[int, dict]], visualizer: Visualizer) -> None:
        visualizer.add_image('cases', draw_box_plot(rows))
        for rank, row in enumerate(sorted(rows, key=lambda row: row['DSC'])[:self.worst], 1):
            index, offset = row['worst_slice'], 0
            for start in sorted(cases[row['case']]):
                item = cases[row['case']][start]
                if index < offset + item['shape'][0]:
                    break
                offset += item['shape'][0]
            masks = (_unpack(item, key)[index - offset] for key in ('truth', 'predicted'))
            image = display_slice(item['path'], start + index - offset, item['turns'])
            visualizer.add_image(f"worst_{rank}_{row['case']}_DSC_{row['DSC']:.3f}", draw_contours(image, *masks))


def _distances(predicted: np.ndarray, truth: np.ndarray, steps: np.ndarray) -> dict[str, float]:
    faces, edges = (summarise_distances(*surface_distances(predicted, truth, steps, connectivity)) for connectivity in (1, 2))
    return dict(ASSD18=edges['ASSD'], ASSD6=faces['ASSD'], HD=faces['HD'], HD95=faces['HD95'])


def _unpack(item: dict, key: str) -> np.ndarray:
    bits = np.frombuffer(zlib.decompress(item[key]), np.uint8)
    return np.unpackbits(bits, count=int(np.prod(item['shape']))).reshape(item['shape']).view(bool)


def _summarise(rows: list[dict]) -> dict[str, float]:
    """Means over cases; infinite distances are left out and counted."""
    metrics: dict[str, float] = {}
    for prefix in ('', 'kept_slices_'):
        measured = [row for row in rows if f'{prefix}DSC' in row]
        if not measured:
            continue
        names = dict.fromkeys(
            name.removeprefix(prefix) for row in measured for name, value in row.items()
            if isinstance(value, float) and name.startswith(prefix) and (prefix or not name.startswith('kept')))
        for name in names:
            values = np.array([row[prefix + name] for row in measured if prefix + name in row])
            values = values[np.isfinite(values)]
            metrics[prefix + name] = float(values.mean()) if len(values) else float('nan')
        scores = [row[f'{prefix}DSC'] for row in measured]
        pooled = np.sum([row[f'{prefix}counts'] for row in measured], axis=0)
        metrics |= {f'{prefix}DSC_std': float(np.std(scores)), f'{prefix}DSC_min': min(scores),
                    f'{prefix}DSC_global': overlap_of_counts(*map(int, pooled))['DSC'],
                    f'{prefix}without_distance': float(sum(row[f'{prefix}without_distance'] for row in measured)),
                    f'{prefix}cases': float(len(measured))}
    return metrics
