"""The metric against a plain loop over detections, in the order of their scores."""

import math

import numpy as np
import pytest
import torch
from mmsight.projects.sar_shipnet import ShipDetectionMetric
from mmsight.projects.sar_shipnet.metric import draw_curve, summarise

from mmsight.precision_recall import count_image


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def reference(images, score_thr=0.5):
    """Of one class: images of (boxes, scores, gt, ignored)."""
    detections = sorted(((s, i, k) for i, (_, scores, _, _) in enumerate(images) for k, s in enumerate(scores)),
                        key=lambda d: -d[0])
    positives = sum(int((~ignored).sum()) for *_, ignored in images)
    taken, points, tp, fp = set(), {}, 0, 0
    for score, i, k in detections:
        boxes, _, gt, ignored = images[i]
        overlaps = [iou(boxes[k], g) for g in gt]
        best = int(np.argmax(overlaps)) if overlaps else None
        if best is not None and overlaps[best] >= 0.5 and ignored[best]:
            continue
        if best is not None and overlaps[best] >= 0.5 and (i, best) not in taken:
            taken.add((i, best))
            tp += 1
        else:
            fp += 1
        points[score] = (tp / (tp + fp), tp / max(positives, 1))
    ap, last = 0.0, 0.0
    values = list(points.values())
    for index, (_, recall) in enumerate(values):
        ap += (recall - last) * max(p for p, _ in values[index:])
        last = recall
    kept = [v for s, v in points.items() if s >= score_thr]
    precision, recall = kept[-1] if kept else (0.0, 0.0)
    best = max((2 * p * r / (p + r) if p + r else 0.0 for p, r in values), default=0.0)
    return dict(AP50_voc12=ap if positives else math.nan, precision=precision, recall=recall, best_f1=best)


def scene(rng, ships, detections, ties):
    """Random detections, half of them near a ship."""
    gt = rng.uniform(0, 80, (ships, 2))
    gt = np.hstack([gt, gt + rng.uniform(5, 30, (ships, 2))])
    boxes = rng.uniform(0, 80, (detections, 2))
    boxes = np.hstack([boxes, boxes + rng.uniform(5, 30, (detections, 2))])
    if ships:
        near = rng.random(detections) < 0.5
        boxes[near] = gt[rng.integers(0, ships, near.sum())] + rng.normal(0, 1.5, (near.sum(), 4))
    scores = rng.choice(np.linspace(0.1, 0.9, 5), detections) if ties else rng.random(detections)
    return boxes, scores, gt, rng.random(ships) < 0.15


def evaluate(images, **kwargs):
    metric = ShipDetectionMetric(**kwargs)
    for boxes, scores, gt, ignored in images:
        sample = dict(
            pred_instances=dict(bboxes=torch.from_numpy(boxes), scores=torch.from_numpy(scores),
                                labels=torch.zeros(len(boxes), dtype=torch.long)),
            instances=[dict(bbox=box.tolist(), bbox_label=0, ignore_flag=int(flag))
                       for box, flag in zip(gt, ignored, strict=True)])
        metric.process({}, [sample])
    return metric.evaluate(len(images))


@pytest.mark.parametrize('seed', range(30))
def test_random_detections(seed):
    rng = np.random.default_rng(seed)
    images = [scene(rng, rng.integers(0, 8), rng.integers(0, 15), ties=False) for _ in range(12)]
    found = evaluate(images)
    for name, value in reference(images).items():
        assert found[f'ship/{name}'] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_cases_give_the_metrics_again(by_cases):
    rng = np.random.default_rng(1)
    found = evaluate([scene(rng, rng.integers(0, 8), rng.integers(0, 15), ties=True) for _ in range(12)])
    for name in ('AP50_voc12', 'precision', 'recall', 'f1', 'best_f1'):
        assert by_cases(f'ship/{name}') == pytest.approx(found[f'ship/{name}'], rel=1e-12)


def test_best_threshold_gives_best_f1():
    rng = np.random.default_rng(5)
    images = [scene(rng, 6, 14, ties=False) for _ in range(10)]
    found = evaluate(images)
    again = evaluate(images, score_thr=found['ship/best_f1_thr'])
    assert again['ship/f1'] == pytest.approx(found['ship/best_f1'])
    assert again['ship/precision'] == pytest.approx(found['ship/best_f1_precision'])


def test_ties_count_together():
    """Within one score the order is arbitrary, so that no threshold can tell a hit from a miss there."""
    box = np.array([[0., 0., 10., 10.]])
    images = [(np.vstack([box, box + 50]), np.array([0.7, 0.7]), box, np.array([False]))]
    swapped = [(np.vstack([box + 50, box]), np.array([0.7, 0.7]), box, np.array([False]))]
    assert evaluate(images)['ship/AP50_voc12'] == evaluate(swapped)['ship/AP50_voc12'] == 0.5


def test_no_detections_and_no_ground_truth():
    none, box = np.zeros((0, 4)), np.array([[0., 0., 9., 9.]])
    nothing = evaluate([(none, np.zeros(0), box, np.array([False]))])
    assert nothing['ship/AP50_voc12'] == nothing['ship/recall'] == nothing['ship/best_f1'] == 0
    assert math.isnan(evaluate([(box, np.ones(1), none, np.zeros(0, bool))])['ship/AP50_voc12'])
    assert evaluate([(none, np.zeros(0), none, np.zeros(0, bool))])['ship/f1'] == 0


def test_curve_passes_through_the_reported_points():
    rng = np.random.default_rng(0)
    states, scores = rng.integers(0, 2, 50), rng.random(50)
    metrics = summarise(scores, states, 40)
    image = draw_curve(scores, states, 40, metrics)
    assert image.shape == (480, 600, 3) and image.dtype == np.uint8 and len(np.unique(image)) > 20


def test_f1_of_one_image():
    """Two of three ships found and one false alarm above the threshold: 2 x 2 / (3 found + 3 there)."""
    rows = [(0, np.array([0.9, 0.8, 0.7, 0.6, 0.1]), np.array([1, 1, 0, -1, 0]), 3)]
    assert count_image(rows, 0.5) == dict(image_f1=pytest.approx(4 / 6), true=2, false=1, ships=3)
    assert count_image([], 0.5)['image_f1'] == 1.0
    assert count_image([(0, np.zeros(0), np.zeros(0), 2)], 0.5)['image_f1'] == 0.0
