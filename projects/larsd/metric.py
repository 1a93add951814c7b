"""Average precision of rotated boxes under VOC07, VOC12 and over ten IoU thresholds, each under its own name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mmdet.evaluation.functional import average_precision
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer
from scipy.stats import binomtest

from mmsight.apis.ships import toward_bow
from mmsight.engine.per_case import write_per_case
from mmsight.images import figure_to_array
from mmsight.precision_recall import count_image, curve, f1_at, match, pool
from mmsight.registry import METRICS
from mmsight.rotated_iou import rotated_iou

IOU_THRS = np.arange(50, 100, 5) / 100
HEADING = ('heading_accuracy', 'heading_low', 'heading_high', 'heading_probability')


@METRICS.register_module()
class RotatedShipMetric(BaseMetric):
    """Rotated AP, in [0, 1] and NaN without ground truth; with several classes each value is their mean.

    - ``AP50_voc07``: IoU 0.5, mean precision at the 11 recalls 0, 0.1, ..., 1. HRSC2016's tables, the paper's among them, mean
      this one: about 0.909 is all that a nearly perfect detector gets.
    - ``AP50_voc12``: IoU 0.5, area under the precision envelope.
    - ``AP50-95_voc12``: mean of that area over the IoUs 0.5, 0.55, ..., 0.95.
    - ``recall50``: share of ships that any detection hits at IoU 0.5.
    - ``precision``, ``recall``, ``f1`` at IoU 0.5 and a score of ``score_thr``, ``best_f1`` and its threshold: see
      :func:`mmsight.precision_recall.f1_at`. All classes are pooled.
    - With ``headings``, of the true detections at IoU 0.5 and ``score_thr``: ``heading_count``, their number;
      ``heading_accuracy``, the share whose heading is within 90 degrees of the labelled one, by chance 0.5, with Wilson's
      interval of 95 %, ``heading_low`` to ``heading_high``; and ``heading_probability``, the mean probability of the chosen
      ends, which equals the accuracy if it is calibrated.

    Ground truth is the sample's ``gt_instances``, loaded after ``Resize`` so that it is in the original image's pixels, as
    predictions are; ``ignored_instances`` count neither way. A detection is matched to the ship it overlaps most, as in
    mmrotate's ``DOTAMetric``. The precision-recall curve goes to the runner's visualizer, which by default writes it below
    ``vis_data/vis_image`` of the run's log folder; that folder gets ``per_case.csv``, F1 at ``score_thr`` of each image, and
    its matched detections with their boxes in ``per_case.npz``.

    Args:
        score_thr (float): Threshold of precision, recall and F1.
        headings (bool): The angles of the ground truth point to the bows, and predictions have ``bow_probabilities``. Defaults
            to False.

    *Deviation* from mmrotate's ``DOTAMetric``: IoUs are exact (mmcv's compiled ``box_iou_rotated`` is wrong for about one
    in ten identical boxes written with another angle); detections of one score count together; no pool of processes.
    """

    default_prefix = 'rotated'

    def __init__(self, score_thr: float = 0.5, headings: bool = False, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.score_thr, self.headings = score_thr, headings

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Match each image's detections at every threshold; what is kept are scores, states, boxes and counts."""
        for sample in data_samples:
            found = sample['pred_instances']
            boxes, scores, labels = (_numpy(found[key]) for key in ('bboxes', 'scores', 'labels'))
            parts = [sample['gt_instances'], *([sample['ignored_instances']] if 'ignored_instances' in sample else [])]
            gt = np.concatenate([_numpy(part['bboxes']).reshape(-1, 5) for part in parts])
            gt_labels = np.concatenate([_numpy(part['labels']) for part in parts])
            ignored = np.arange(len(gt)) >= len(parts[0]['labels'])
            image, headings = [], []
            for label in np.union1d(labels, gt_labels).astype(int):
                ours, theirs = labels == label, gt_labels == label
                iou = rotated_iou(boxes[ours], gt[theirs])
                states = np.stack([match(iou, scores[ours], ignored[theirs], thr) for thr in IOU_THRS])
                image.append((label, scores[ours], states, int((~ignored[theirs]).sum()), boxes[ours]))
                if self.headings:
                    true = states[0] == 1
                    turned, sure = toward_bow(boxes[ours][true], _numpy(found['bow_probabilities'])[ours][true])
                    labelled = gt[theirs][iou[true].argmax(axis=1), 4] if true.any() else np.zeros(0)
                    headings.append(np.stack([scores[ours][true], np.cos(turned[:, 4] - labelled) > 0, sure], axis=1))
            case = Path(sample.get('img_path', f'image {len(self.results)}')).stem
            self.results.append((case, image, headings))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The values named above."""
        rows = [row for _, image, _ in results for row in image]
        labels = sorted({row[0] for row in rows})
        per_class = {label: _summarise(*_gather([row for row in rows if row[0] == label])) for label in labels}
        logger = MMLogger.get_current_instance()
        if len(per_class) > 1:
            for label, values in per_class.items():
                logger.info(f"{self.dataset_meta['classes'][label]}: " + _line(values))
        with_ships = [values for values in per_class.values() if not np.isnan(values['AP50_voc12'])]
        names = ('AP50_voc07', 'AP50_voc12', 'AP50-95_voc12', 'recall50')
        metrics = {name: float(np.mean([values[name] for values in with_ships])) if with_ships else float('nan')
                   for name in names}
        scores, states, positives = _gather(rows)
        metrics.update(f1_at(scores, states[0], positives, self.score_thr))
        if self.headings:
            headings = [part for *_, parts in results for part in parts]
            metrics.update(judge_headings(np.concatenate([np.zeros((0, 3)), *headings]), self.score_thr))
        logger.info(_line(metrics))
        at_50 = [[(label, scores, states[0], ships) for label, scores, states, ships, _ in image] for _, image, _ in results]
        write_per_case([dict(case=case, **count_image(image, self.score_thr))
                        for (case, *_), image in zip(results, at_50, strict=True)],
                       'image_f1', pool([[row[:4] for row in image] for _, image, _ in results], [row[4] for row in rows]))
        if Visualizer.check_instance_created('visualizer'):
            Visualizer.get_instance('visualizer').add_image('precision_recall', draw_curves(scores, states, positives))
        return metrics


def judge_headings(found: np.ndarray, score_thr: float) -> dict[str, float]:
    """Right ends among true detections (n, 3): score, whether the heading is right, probability of the chosen end.

    Returns:
        dict[str, float]: The values ``heading_*`` of :class:`RotatedShipMetric`; NaN without a detection.
    """
    found = found[found[:, 0] >= score_thr]
    if not len(found):
        return dict(heading_count=0, **dict.fromkeys(HEADING, float('nan')))
    interval = binomtest(int(found[:, 1].sum()), len(found)).proportion_ci(method='wilson')
    values = (found[:, 1].mean(), interval.low, interval.high, found[:, 2].mean())
    return dict(heading_count=len(found), **dict(zip(HEADING, map(float, values), strict=True)))


def _numpy(values: Any) -> np.ndarray:
    """Of a tensor, or of boxes that hold one."""
    return getattr(values, 'tensor', values).cpu().numpy()


def _line(metrics: dict[str, float]) -> str:
    return '  '.join(f'{name} {value:.4f}' for name, value in metrics.items())


def _gather(rows: list[tuple]) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores (n, ), states (10, n) and number of ships of many rows."""
    return (np.concatenate([row[1] for row in rows] or [np.zeros(0)]),
            np.concatenate([row[2] for row in rows] or [np.zeros((len(IOU_THRS), 0), np.int8)], axis=1),
            sum(row[3] for row in rows))


def _summarise(scores: np.ndarray, states: np.ndarray, positives: int) -> dict[str, float]:
    if not positives:
        return dict.fromkeys(('AP50_voc07', 'AP50_voc12', 'AP50-95_voc12', 'recall50'), float('nan'))
    curves = [curve(scores, row, positives)[1:] for row in states]
    areas = [float(average_precision(recall, precision, 'area')) for precision, recall in curves]
    precision, recall = curves[0]
    return {'AP50_voc07': float(average_precision(recall, precision, '11points')), 'AP50_voc12': areas[0],
            'AP50-95_voc12': float(np.mean(areas)), 'recall50': float(recall.max(initial=0))}


def draw_curves(scores: np.ndarray, states: np.ndarray, positives: int) -> np.ndarray:
    """Precision over recall at IoU 0.5, 0.75 and 0.9, all classes pooled: uint8 RGB (480, 600, 3)."""
    figure = Figure(figsize=(5, 4), dpi=120, layout='constrained')
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1.02), xlabel='recall', ylabel='precision')
    for index in (0, 5, 8):
        _, precision, recall = curve(scores, states[index], positives)
        area = float(average_precision(recall, precision, 'area')) if positives else float('nan')
        axes.plot(recall, precision, label=f'rotated IoU {IOU_THRS[index]:.2f}: AP (VOC12) {area:.3f}')
    axes.legend(loc='lower left')
    axes.grid(alpha=0.3)
    return figure_to_array(figure)
