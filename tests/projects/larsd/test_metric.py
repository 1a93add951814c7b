"""The metric against a plain loop over detections with shapely's polygons, and against mmrotate's own."""

import math

import numpy as np
import pytest
import torch
from mmrotate.evaluation.functional.mean_ap import tpfp_default
from mmrotate.structures.bbox import RotatedBoxes
from mmsight.projects.larsd import RotatedShipMetric
from mmsight.projects.larsd.metric import draw_curves
from shapely import affinity, box

from mmsight.engine.per_case import load_cases

APS = ('AP50_voc07', 'AP50_voc12', 'AP50-95_voc12', 'recall50')


def polygon(b):
    return affinity.rotate(box(b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2), b[4], use_radians=True)


def iou(a, b):
    shared = polygon(a).intersection(polygon(b)).area
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def reference(images, thr):
    """Of one class: images of (boxes, scores, gt, ignored); VOC07 and VOC12 AP and the largest recall."""
    detections = sorted(((s, i, k) for i, (_, scores, *_) in enumerate(images) for k, s in enumerate(scores)), reverse=True)
    positives = sum(int((~ignored).sum()) for *_, ignored in images)
    taken, points, tp, fp = set(), [], 0, 0
    for _, i, k in detections:
        boxes, _, gt, ignored = images[i]
        overlaps = [iou(boxes[k], g) for g in gt]
        best = int(np.argmax(overlaps)) if overlaps else None
        hit = best is not None and overlaps[best] >= thr
        if hit and ignored[best]:
            continue
        if hit and (i, best) not in taken:
            taken.add((i, best))
            tp += 1
        else:
            fp += 1
        points.append((tp / (tp + fp), tp / positives))
    voc07 = sum(max((p for p, r in points if r >= k * 0.1), default=0) for k in range(11)) / 11
    voc12, last = 0.0, 0.0
    for index, (_, recall) in enumerate(points):
        voc12 += (recall - last) * max(p for p, _ in points[index:])
        last = recall
    kept = [point for point, (score, *_) in zip(points, [d for d in detections if counts(images, d, thr)], strict=True)
            if score >= 0.5]
    precision, recall = kept[-1] if kept else (0.0, 0.0)
    best = max((2 * p * r / max(p + r, 1e-12) for p, r in points), default=0.0)
    return voc07, voc12, max((r for _, r in points), default=0.0), precision, recall, best


def counts(images, detection, thr):
    """Whether a detection counts at all: not if the ship it overlaps most, by enough, is ignored."""
    _, i, k = detection
    boxes, _, gt, ignored = images[i]
    overlaps = [iou(boxes[k], g) for g in gt]
    return not overlaps or max(overlaps) < thr or not ignored[int(np.argmax(overlaps))]


def scene(rng, ships, detections):
    """Random ships, and detections of which most are one of them, moved, turned or written with another angle."""
    def some(count):
        return np.column_stack([rng.uniform(0, 80, (count, 2)), rng.uniform(12, 30, count), rng.uniform(4, 9, count),
                                rng.uniform(-2, 2, count)])

    gt, boxes = some(ships), some(detections)
    near = rng.random(detections) < (0.7 if ships else 0)
    if near.any():
        boxes[near] = gt[rng.integers(0, ships, near.sum())] + rng.normal(0, (.7, .7, .7, .4, .03), (near.sum(), 5))
    swapped = rng.random(detections) < 0.3
    boxes[swapped] = boxes[swapped][:, [0, 1, 3, 2, 4]] + (0, 0, 0, 0, math.pi / 2)
    return boxes, rng.random(detections), gt, rng.random(ships) < 0.15


def sample(boxes, scores, gt, ignored, labels=None, gt_labels=None):
    labels = np.zeros(len(boxes), int) if labels is None else labels
    gt_labels = np.zeros(len(gt), int) if gt_labels is None else gt_labels
    return dict(
        pred_instances=dict(bboxes=torch.from_numpy(boxes), scores=torch.from_numpy(scores), labels=torch.from_numpy(labels)),
        gt_instances=dict(bboxes=RotatedBoxes(torch.from_numpy(gt[~ignored])), labels=torch.from_numpy(gt_labels[~ignored])),
        ignored_instances=dict(bboxes=RotatedBoxes(torch.from_numpy(gt[ignored])), labels=torch.from_numpy(gt_labels[ignored])))


def evaluate(samples, classes=('ship', )):
    metric = RotatedShipMetric()
    metric.dataset_meta = dict(classes=classes)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('seed', range(12))
def test_random_detections(seed):
    rng = np.random.default_rng(seed)
    images = [scene(rng, rng.integers(0, 6), rng.integers(0, 12)) for _ in range(8)]
    found = evaluate([sample(*image) for image in images])
    voc07, voc12, reached, precision, recall, best = reference(images, 0.5)
    assert found['rotated/AP50_voc07'] == pytest.approx(voc07, abs=1e-6)
    assert found['rotated/AP50_voc12'] == pytest.approx(voc12, abs=1e-6)
    assert found['rotated/recall50'] == pytest.approx(reached)
    assert found['rotated/precision'] == pytest.approx(precision) and found['rotated/recall'] == pytest.approx(recall)
    assert found['rotated/best_f1'] == pytest.approx(best)
    areas = [reference(images, thr / 100)[1] for thr in range(50, 100, 5)]
    assert found['rotated/AP50-95_voc12'] == pytest.approx(np.mean(areas), abs=1e-6)


def test_cases_give_the_metrics_again(by_cases):
    """With two classes, of which one is not on every image."""
    rng = np.random.default_rng(1)
    samples = []
    for ships, detections in zip(rng.integers(0, 6, 8), rng.integers(0, 12, 8), strict=True):
        samples.append(sample(*scene(rng, ships, detections), rng.integers(0, 2, detections), rng.integers(0, 2, ships)))
    found = evaluate(samples, ('a', 'b'))
    for name in ('AP50_voc07', 'AP50_voc12', 'AP50-95_voc12', 'precision', 'recall', 'f1', 'best_f1'):
        assert by_cases(f'rotated/{name}') == pytest.approx(found[f'rotated/{name}'], rel=1e-6), name


def test_cases_keep_their_boxes(log_folder):
    """Each beside its own score, of two classes; an image may have none."""
    rng = np.random.default_rng(2)
    images = [scene(rng, 3, count) for count in (6, 0, 4)]
    samples = [sample(*image, np.arange(len(image[0])) % 2, np.zeros(3, int)) for image in images]
    evaluate(samples, ('a', 'b'))
    kept = load_cases(log_folder / 'per_case.csv').detections
    assert len(kept.box) == len(kept.score) == 10
    for case, score, found in zip(kept.case, kept.score, kept.box, strict=True):
        boxes, scores, *_ = images[case]
        assert found.tolist() == boxes[scores == score][0].tolist()


def test_states_are_those_of_mmrotate():
    rng = np.random.default_rng(3)
    boxes, scores, gt, ignored = scene(rng, 20, 60)
    tp, fp = tpfp_default(np.column_stack([boxes, scores]), gt[~ignored], gt[ignored])
    metric = RotatedShipMetric()
    metric.process({}, [sample(boxes, scores, gt, ignored)])
    states = metric.results[0][1][0][2][0]
    assert (tp[0] == (states == 1)).all() and (fp[0] == (states == 0)).all() and {-1, 0, 1} == set(states.tolist())


def test_perfect_detections_in_any_notation():
    """The same rectangle with its angle turned by pi, or its sides swapped, is the same ship."""
    gt = np.array([[30., 40., 25., 6., 0.3], [70., 20., 30., 7., -1.2]])
    for same in (gt + [0, 0, 0, 0, math.pi], gt[:, [0, 1, 3, 2, 4]] + [0, 0, 0, 0, math.pi / 2]):
        found = evaluate([sample(same, np.array([.9, .8]), gt, np.zeros(2, bool))])
        assert {found[f'rotated/{name}'] for name in (*APS, 'f1', 'best_f1')} == {1.0}
        assert found['rotated/best_f1_thr'] == 0.8


def test_voc07_and_voc12_differ_as_they_should():
    """Of ten ships the best half is found, then three false ones: 6 of 11 recalls are reached, and half of the area."""
    gt = np.column_stack([np.arange(10) * 50., np.zeros(10), np.full(10, 30.), np.full(10, 6.), np.zeros(10)])
    boxes = np.concatenate([gt[:5], gt[:3] + [0, 500, 0, 0, 0]])
    found = evaluate([sample(boxes, np.linspace(.9, .2, 8), gt, np.zeros(10, bool))])
    assert found['rotated/AP50_voc07'] == pytest.approx(6 / 11)
    assert found['rotated/AP50_voc12'] == pytest.approx(0.5)


def test_classes_are_averaged_and_not_mixed():
    gt = np.array([[30., 40., 25., 6., 0.], [30., 90., 25., 6., 0.]])
    found = evaluate([sample(gt, np.array([.9, .8]), gt, np.zeros(2, bool), np.array([0, 0]), np.array([0, 1]))],
                     classes=('a', 'b'))
    assert found['rotated/AP50_voc12'] == pytest.approx(0.5)  # a: one hit; b: its ship was called a


def test_no_detections_and_no_ground_truth():
    none, gt = np.zeros((0, 5)), np.array([[30., 40., 25., 6., 0.]])
    nothing = evaluate([sample(none, np.zeros(0), gt, np.zeros(1, bool))])
    assert {nothing[f'rotated/{name}'] for name in (*APS, 'f1', 'best_f1')} == {0.0}
    for boxes in (none, gt):
        empty = evaluate([sample(boxes, np.ones(len(boxes)), none, np.zeros(0, bool))])
        assert all(math.isnan(empty[f'rotated/{name}']) for name in APS) and empty['rotated/f1'] == 0


def test_curves_are_drawn():
    rng = np.random.default_rng(0)
    image = draw_curves(rng.random(50), rng.integers(0, 2, (10, 50)), 40)
    assert image.shape == (480, 600, 3) and len(np.unique(image)) > 20
