"""Which detections hit, and precision and recall over the score: the part that is the same for every kind of box."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix


def match(iou: np.ndarray, scores: np.ndarray, ignored: np.ndarray, iou_thr: float = 0.5) -> np.ndarray:
    """Match the detections of one image and class to its ground truth, by falling score.

    A detection is compared with the box that it overlaps most, and with no other: if that one is taken, the detection is
    false. One whose best box is ignored counts neither way.

    Args:
        iou (np.ndarray): (n, m), of each detection with each ground truth.
        scores (np.ndarray): (n, ).
        ignored (np.ndarray): Bool (m, ).
        iou_thr (float): Least IoU of a hit.

    Returns:
        np.ndarray: (n, ), 1 true, 0 false, -1 ignored.
    """
    state = np.zeros(len(scores), dtype=np.int8)
    if not iou.size:
        return state
    best = iou.argmax(axis=1)
    hit = iou[np.arange(len(scores)), best] >= iou_thr
    state[hit & ignored[best]] = -1
    candidates = np.flatnonzero(hit & ~ignored[best])
    ranked = candidates[np.argsort(-scores[candidates], kind='stable')]
    _, first = np.unique(best[ranked], return_index=True)
    state[ranked[first]] = 1
    return state


def curve(scores: np.ndarray, states: np.ndarray, positives: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision and recall when everything down to each distinct score is kept.

    Args:
        scores (np.ndarray): (n, ) of all detections of a set.
        states (np.ndarray): (n, ) of :func:`match`.
        positives (int): Ground truths that are not ignored.

    Returns:
        tuple: Thresholds, falling, with the precision and recall at each. Recall is 0 without ground truth.
    """
    scores, states = scores[states >= 0], states[states >= 0]
    order = np.argsort(-scores, kind='stable')
    scores, hits = scores[order], states[order].cumsum()
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else np.zeros(0, dtype=int)
    return scores[last], hits[last] / (last + 1), hits[last] / max(positives, 1)


def count_image(rows: Sequence[tuple[int, np.ndarray, np.ndarray, int]], score_thr: float) -> dict[str, float]:
    """Of one image: ``true`` and ``false`` detections that score at least ``score_thr``, ``ships``, and their ``image_f1``.

    F1 is 1 where there is nothing, and nothing was found.
    """
    states = np.concatenate([states[scores >= score_thr] for _, scores, states, _ in rows] or [np.zeros(0)])
    true, false, ships = int((states == 1).sum()), int((states == 0).sum()), sum(row[3] for row in rows)
    total = true + false + ships
    return dict(image_f1=2 * true / total if total else 1.0, true=true, false=false, ships=ships)


def f1_at(scores: np.ndarray, states: np.ndarray, positives: int, score_thr: float) -> dict[str, float]:
    """Precision, recall and F1 at a score threshold, and the threshold that would have the best F1.

    On images that were held out of training, ``best_f1_thr`` is the threshold to work with; on test images it flatters.

    Args:
        scores, states, positives: See :func:`curve`.
        score_thr (float): Detections that score at least this are kept.

    Returns:
        dict[str, float]: In [0, 1]: ``score_thr`` as given; ``precision`` (0 where nothing is kept), ``recall``, ``f1``;
        ``best_f1``, ``best_f1_thr``, ``best_f1_precision``, ``best_f1_recall``.
    """
    thresholds, precision, recall = curve(scores, states, positives)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    kept = np.flatnonzero(thresholds >= score_thr)
    fixed = [float(values[kept[-1]]) if len(kept) else 0.0 for values in (precision, recall, f1)]
    best = int(f1.argmax()) if len(f1) else None
    found = (0.0, 1.0, 0.0, 0.0) if best is None else (f1[best], thresholds[best], precision[best], recall[best])
    return dict(zip(('score_thr', 'precision', 'recall', 'f1', 'best_f1', 'best_f1_thr', 'best_f1_precision', 'best_f1_recall'),
                    (score_thr, *fixed, *map(float, found)), strict=True))


class Detections(NamedTuple):
    """Matched detections of a set of images, from which AP can be computed again on any sample of the images.

    Attributes:
        case (np.ndarray): (n, ), the image of each detection, from 0.
        label (np.ndarray): (n, ), its class, from 0.
        score (np.ndarray): (n, ).
        state (np.ndarray): (t, n), of :func:`match` at each IoU threshold.
        ships (np.ndarray): (images, classes), ground truths that are not ignored.
        box (np.ndarray, optional): (n, 5), its box in pixels of the image, see :mod:`mmsight.rotated_iou`, where it was kept.
    """

    case: np.ndarray
    label: np.ndarray
    score: np.ndarray
    state: np.ndarray
    ships: np.ndarray
    box: np.ndarray | None = None


def pool(images: Sequence[Sequence[tuple[int, np.ndarray, np.ndarray, int]]],
         boxes: Sequence[np.ndarray] | None = None) -> Detections:
    """The detections of images, each a list of (class, scores (n, ), states (n, ) or (t, n), number of ground truths).

    Args:
        images (Sequence): The images.
        boxes (Sequence[np.ndarray], optional): (n, 5), those of each entry of each image.
    """
    rows = [(case, *row) for case, image in enumerate(images) for row in image]
    labels = sorted({row[1] for row in rows})
    ships = np.zeros((len(images), len(labels)), dtype=np.int32)
    for case, label, _, _, positives in rows:
        ships[case, labels.index(label)] += positives
    counts = [len(row[2]) for row in rows]
    return Detections(
        np.repeat(np.array([row[0] for row in rows], dtype=np.int32), counts),
        np.repeat(np.array([labels.index(row[1]) for row in rows], dtype=np.int16), counts),
        np.concatenate([row[2] for row in rows] or [np.zeros(0)]),
        np.concatenate([np.atleast_2d(row[3]) for row in rows] or [np.zeros((1, 0), np.int8)], axis=1), ships,
        None if boxes is None else np.concatenate([np.zeros((0, 5), np.float32), *boxes]))


def sampled_ap(found: Detections, weights: np.ndarray, rule: str = 'voc12', threshold: int = 0) -> np.ndarray:
    """AP on samples of the images.

    Args:
        found (Detections): Of all images.
        weights (np.ndarray): (samples, images), how often each image is in a sample.
        rule (str): ``'voc12'``, area under the precision envelope, or ``'voc07'``, mean of it at 11 recalls.
        threshold (int): Row of ``found.state``.

    Returns:
        np.ndarray: (samples, ), the mean over the classes that have ground truth in a sample; NaN where none has.
    """
    per_class = [_class_ap(found, label, weights, rule, threshold) for label in range(found.ships.shape[1])]
    values = np.array(per_class).reshape(-1, len(weights))
    known = np.isfinite(values)
    with np.errstate(invalid='ignore'):
        return np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


def sampled_best_f1(found: Detections, weights: np.ndarray) -> np.ndarray:
    """The best F1 over the score on samples of the images, at the first IoU threshold, all classes pooled: (samples, )."""
    hits, total = _at_hits(found, np.ones(len(found.label), dtype=bool), weights, 0)
    f1 = 2 * hits / np.maximum(total + (weights @ found.ships.sum(axis=1))[:, None], 1)
    return f1.max(axis=1, initial=0)


def _class_ap(found: Detections, label: int, weights: np.ndarray, rule: str, threshold: int) -> np.ndarray:
    positives = weights @ found.ships[:, label]
    hits, total = _at_hits(found, found.label == label, weights, threshold)
    recall = hits / np.maximum(positives, 1)[:, None]
    envelope = np.maximum.accumulate((hits / np.maximum(total, 1))[:, ::-1], axis=1)[:, ::-1]
    if rule == 'voc12':
        area = (np.diff(recall, prepend=0) * envelope).sum(axis=1)
    else:
        padded = np.column_stack([envelope, np.zeros(len(weights))])
        firsts = [(recall < level).sum(axis=1) for level in np.arange(0, 1.001, 0.1)]
        area = np.mean([padded[np.arange(len(weights)), first] for first in firsts], axis=0)
    return np.where(positives > 0, area, np.nan)


def _at_hits(found: Detections, chosen: np.ndarray, weights: np.ndarray, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """Hits and detections down to the score of each hit, (samples, scores): between hits, precision and F1 only fall."""
    kept = chosen & (found.state[threshold] >= 0)
    case, score, hit = found.case[kept], found.score[kept], found.state[threshold, kept] == 1
    knots = -np.unique(score[hit])[::-1]  # rising, for searchsorted: the highest score is first
    place = np.searchsorted(knots, -score)
    shape = (len(found.ships), len(knots))

    def count(those: np.ndarray) -> np.ndarray:
        entries = (np.ones(those.sum()), (case[those], place[those]))
        return (weights @ csr_matrix(entries, shape)).cumsum(axis=1)

    return count(hit), count(place < len(knots))
