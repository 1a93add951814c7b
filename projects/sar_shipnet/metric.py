"""Precision, recall and F1 at a score threshold, and VOC2012 AP at IoU 0.5: the paper's measures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer
from torchvision.ops import box_iou

from mmsight.engine.per_case import write_per_case
from mmsight.images import figure_to_array
from mmsight.precision_recall import count_image, curve, f1_at, match, pool
from mmsight.registry import METRICS


def voc12_ap(precision: np.ndarray, recall: np.ndarray) -> float:
    """Area under the precision envelope (VOC 2010-2012), not the 11-point mean."""
    envelope = np.maximum.accumulate(np.append(precision, 0)[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope[:len(recall)]))


def summarise(scores: np.ndarray, states: np.ndarray, positives: int, score_thr: float = 0.5) -> dict[str, float]:
    """The measures of one class, or of all pooled.

    Returns:
        dict[str, float]: In [0, 1]: ``AP50_voc12``, NaN without ground truth, and what
        :func:`mmsight.precision_recall.f1_at` gives.
    """
    _, precision, recall = curve(scores, states, positives)
    return dict(
        AP50_voc12=voc12_ap(precision, recall) if positives else float('nan'), **f1_at(scores, states, positives, score_thr))


@METRICS.register_module()
class ShipDetectionMetric(BaseMetric):
    """Precision, recall, F1, best F1 and VOC12 AP at IoU 0.5, with a drawn precision-recall curve.

    Ground truth is read from the sample's ``instances`` (``PackDetInputs`` needs it in ``meta_keys``): it is in the original
    image's pixels, as predictions are. With several classes AP is their mean, and the rest pools them.

    Args:
        score_thr (float): Threshold of precision, recall and F1. The paper's code base uses 0.5.
        iou_thr (float): Least IoU of a hit.

    The curve goes to the runner's visualizer, which by default writes it below ``vis_data/vis_image`` of the run's log folder;
    that folder gets ``per_case.csv``, F1 at ``score_thr`` of each image, and its matched detections in ``per_case.npz``.

    *Deviation*: boxes are continuous; the paper's code base adds 1 pixel to widths and heights in the IoU.
    """

    default_prefix = 'ship'

    def __init__(self, score_thr: float = 0.5, iou_thr: float = 0.5, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.score_thr, self.iou_thr = score_thr, iou_thr

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Match each image's detections; only scores, states and counts are kept."""
        for sample in data_samples:
            if 'instances' not in sample:
                raise KeyError("ShipDetectionMetric needs 'instances' in PackDetInputs.meta_keys of the test pipeline")
            case = Path(sample.get('img_path', f'image {len(self.results)}')).stem
            self.results.append((case, self._match_image(sample['pred_instances'], sample['instances'])))

    def _match_image(self, predicted: dict, instances: list[dict]) -> list[tuple]:
        boxes, scores, labels = (predicted[key].cpu().numpy() for key in ('bboxes', 'scores', 'labels'))
        gt = np.array([item['bbox'] for item in instances], dtype=float).reshape(-1, 4)
        gt_labels = np.array([item['bbox_label'] for item in instances], dtype=int)
        ignored = np.array([item.get('ignore_flag', 0) for item in instances], dtype=bool)
        rows = []
        for label in np.union1d(labels, gt_labels).astype(int):
            ours, theirs = labels == label, gt_labels == label
            iou = box_iou(torch.from_numpy(boxes[ours]).double(), torch.from_numpy(gt[theirs])).numpy()
            states = match(iou, scores[ours], ignored[theirs], self.iou_thr)
            rows.append((label, scores[ours], states, int((~ignored[theirs]).sum())))
        return rows

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See :func:`summarise`."""
        rows = [row for _, image in results for row in image]
        labels = sorted({row[0] for row in rows})
        per_class = [self._gather([row for row in rows if row[0] == label]) for label in labels]
        scores, states, positives = self._gather(rows)
        metrics = summarise(scores, states, positives, self.score_thr)
        aps = [summarise(*values)['AP50_voc12'] for values in per_class if values[2]]
        metrics['AP50_voc12'] = float(np.mean(aps)) if aps else float('nan')
        write_per_case([dict(case=case, **count_image(image, self.score_thr)) for case, image in results], 'image_f1',
                       pool([image for _, image in results]))
        if Visualizer.check_instance_created('visualizer'):
            image = draw_curve(scores, states, positives, metrics)
            Visualizer.get_instance('visualizer').add_image('precision_recall', image)
        MMLogger.get_current_instance().info('  '.join(f'{name} {value:.4f}' for name, value in metrics.items()))
        return metrics

    @staticmethod
    def _gather(rows: list[tuple]) -> tuple[np.ndarray, np.ndarray, int]:
        return (np.concatenate([row[1] for row in rows] or [np.zeros(0)]),
                np.concatenate([row[2] for row in rows] or [np.zeros(0, dtype=np.int8)]), sum(row[3] for row in rows))


def draw_curve(scores: np.ndarray, states: np.ndarray, positives: int, metrics: dict[str, float]) -> np.ndarray:
    """Precision over recall, with the points of the fixed and of the best threshold: uint8 RGB (480, 600, 3)."""
    _, precision, recall = curve(scores, states, positives)
    figure = Figure(figsize=(5, 4), dpi=120, layout='constrained')
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1.02), xlabel='recall', ylabel='precision (IoU 0.5)')
    axes.plot(recall, precision, label=f"AP50 (VOC12) {metrics['AP50_voc12']:.3f}")
    axes.plot(metrics['recall'], metrics['precision'], 'o', label=f"fixed threshold, F1 {metrics['f1']:.3f}")
    axes.plot(metrics['best_f1_recall'], metrics['best_f1_precision'], 's',
              label=f"score {metrics['best_f1_thr']:.2f}, best F1 {metrics['best_f1']:.3f}")
    axes.legend(loc='lower left')
    axes.grid(alpha=0.3)
    return figure_to_array(figure)
