"""Which detections hit, and precision and recall over the score: the part that is the same for every kind of box."""

import numpy as np


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
