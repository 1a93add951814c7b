"""Sizes of ships to sizes of anchors (paper, section II.B.2): three groups by area, five k-means clusters in each."""

from typing import NamedTuple

import numpy as np
import torch

from mmsight.errors import InputError

from . import priors


class Anchors(NamedTuple):
    """What :func:`anchors_of_sizes` finds."""

    anchors: list[np.ndarray]
    """Per level (k, 2), w and h, by rising area."""
    area_limits: list[float]
    """Areas in square pixels that part the levels, rising; equal where ships of one area fill more than a level."""


def centred_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """:func:`.priors.centred_iou` of arrays."""
    return priors.centred_iou(torch.from_numpy(first), torch.from_numpy(second)).numpy()


def kmeans(sizes: np.ndarray, clusters: int, rng: np.random.Generator, starts: int = 20, steps: int = 100) -> np.ndarray:
    """k-means of sizes (n, 2) under the distance 1 - IoU: centres (clusters, 2), the best of ``starts`` runs.

    Each run draws its first centres by k-means++ and moves a centre to the mean of its cluster; the best run has the largest
    mean IoU of a size to its centre.
    """
    best, best_iou = sizes[:clusters], -1.0
    for _ in range(starts):
        chosen = [int(rng.integers(len(sizes)))]
        while len(chosen) < clusters:
            distance = 1 - centred_iou(sizes, sizes[chosen]).max(axis=1)
            # fewer distinct sizes than clusters: repeat one
            chance = distance / distance.sum() if distance.sum() > 0 else None
            chosen.append(int(rng.choice(len(sizes), p=chance)))
        centres = sizes[chosen].copy()
        label = None
        for _ in range(steps):
            iou = centred_iou(sizes, centres)
            moved = iou.argmax(axis=1)
            if label is not None and (moved == label).all():
                break
            label = moved
            count = np.bincount(label, minlength=clusters)
            for axis in range(2):
                total = np.bincount(label, sizes[:, axis], minlength=clusters)
                centres[:, axis] = np.where(count > 0, total / count.clip(1), centres[:, axis])
        mean = float(centred_iou(sizes, centres).max(axis=1).mean())
        if mean > best_iou:
            best, best_iou = centres, mean
    return best[best.prod(axis=1).argsort()]


def area_groups(sizes: np.ndarray, levels: int) -> np.ndarray:
    """Group of each size (n, 2), from 0, of ``levels`` of equal counts by rising area: (n, ).

    Ships of one area are parted too, in their order: the limits of :func:`anchors_of_sizes` alone would leave groups empty.
    """
    rank = sizes.prod(axis=1).argsort(kind='stable').argsort()
    limits = (len(sizes) - 1) * (np.arange(1, levels) / levels)  # ranks at which np.quantile finds its areas
    return np.searchsorted(limits, rank, side='right')


def anchors_of_sizes(sizes: np.ndarray, levels: int = 3, clusters: int = 5, seed: int = 0) -> Anchors:
    """Part sizes (n, 2) into ``levels`` groups of equal counts by area, and cluster each.

    Raises:
        InputError: If there are fewer than ``levels`` * ``clusters``.

    *Deviation*: the paper gives neither the limits of its groups nor the distance of its k-means.
    """
    if len(sizes) < levels * clusters:  # with as many, equal counts give every group a ship for each cluster
        raise InputError(f'the training set has {len(sizes)} ships, too few for {levels} x {clusters} anchors: take fewer '
                         'levels or clusters, or a larger set')
    rng = np.random.default_rng(seed)
    group = area_groups(sizes, levels)
    limits = np.quantile(sizes.prod(axis=1), np.arange(1, levels) / levels)
    return Anchors([kmeans(sizes[group == level], clusters, rng) for level in range(levels)], limits.tolist())


def anchor_recall(sizes: np.ndarray, anchors: list[np.ndarray], pos_iou: float = 0.5) -> tuple[float, float]:
    """Share of sizes (n, 2) that some anchor fits above ``pos_iou``, and the mean IoU of the best anchor."""
    best = centred_iou(sizes, np.concatenate(anchors)).max(axis=1)
    return float((best > pos_iou).mean()), float(best.mean())
