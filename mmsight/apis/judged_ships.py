"""Detections beside the truth, with what is missed and what is false: the figure that papers on detectors have."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.progress import track

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.labelled_ships import STYLES, Labelled, outline, show
from mmsight.precision_recall import match
from mmsight.rotated_iou import extents, from_upright, rotated_iou

Found = tuple[np.ndarray, np.ndarray]
"""Boxes (n, 5) and scores (n, ) of an image."""
WIDTH = 3.1
"""Inches of a picture."""


class Judged(NamedTuple):
    """Boxes (n, 5) of detected ships, of false alarms and of missed ships; detected other vessels are in none of them."""

    found: np.ndarray
    false: np.ndarray
    missed: np.ndarray


def judge(detections: Found, image: Labelled, upright: bool) -> Judged:
    """Which detections hit, as the metrics of the projects count them at an IoU of 0.5.

    Args:
        detections (Found): Those that score enough.
        image (Labelled): With the truth.
        upright (bool): The labels are upright boxes, and a rotated box is judged by the upright one around it.
    """
    boxes, scores = detections
    truth = np.concatenate([image.ships, image.ignored])
    iou = rotated_iou(from_upright(extents(boxes)) if upright else boxes, truth)
    states = match(iou, scores, np.arange(len(truth)) >= len(image.ships))
    missed = np.ones(len(image.ships), dtype=bool)
    if len(truth):
        missed[iou[states == 1].argmax(axis=1)] = False
    return Judged(boxes[states == 1], boxes[states == 0], image.ships[missed])


def detect(detector: DetectInferencer, image: Labelled) -> Found:
    """What a detector finds in an image, which goes through the network whole, as the config tests it."""
    sample, = detector(image.path, tile=max(image.size), return_datasamples=True)['predictions']
    found = sample.pred_instances
    return found.bboxes.numpy().astype(float), found.scores.numpy()


def detect_all(models: Mapping[str, str], shown: Mapping[str, Labelled]) -> dict[str, list[Found]]:
    """What models, name to checkpoint, find in images, each at its own score threshold."""
    found = {}
    for name, checkpoint in models.items():
        detector = DetectInferencer(checkpoint, show_progress=False)
        found[name] = [detect(detector, image) for image in track(list(shown.values()), name)]
    return found


def draw_judged(shown: Mapping[str, Labelled], found: Mapping[str, list[Found]], upright: bool = False) -> Figure:
    """A row an image: the truth, then what each model found.

    Args:
        shown (Mapping[str, Labelled]): Name of an image to what is labelled in it.
        found (Mapping[str, list[Found]]): Name of a model to its detections in each image.
        upright (bool): See :func:`judge`.
    """
    heights = [image.size[1] / image.size[0] for image in shown.values()]
    figure = Figure(figsize=(WIDTH * (1 + len(found)), WIDTH * sum(heights) + 0.3 * len(shown) + 0.7), layout='constrained')
    places = figure.subplots(len(shown), 1 + len(found), squeeze=False, height_ratios=heights)
    for row, (name, image) in zip(places, shown.items(), strict=True):
        for axes in row:
            show(axes, image)
        outline(row[0], image.ships, **STYLES['labelled ship'])
        outline(row[0], image.ignored, **STYLES['other vessel'])
        row[0].set_title(f'truth, {name}: {len(image.ships)} ships', fontsize=9)
    for column, (name, detections) in zip(places.T[1:], found.items(), strict=True):
        for axes, image, boxes in zip(column, shown.values(), detections, strict=True):
            result = judge(boxes, image, upright)
            outline(axes, result.found, **STYLES['found'])
            outline(axes, result.missed, **STYLES['missed'])
            outline(axes, result.false, **STYLES['false alarm'])
            axes.set_title(f'{name}: {len(result.found)} found, {len(result.missed)} missed, {len(result.false)} false',
                           fontsize=9)
    used = [kind for kind in STYLES if kind != 'other vessel' or any(len(image.ignored) for image in shown.values())]
    lines = [Line2D([], [], linewidth=2, label=kind, color=STYLES[kind]['edgecolor'], linestyle=STYLES[kind].get('linestyle'))
             for kind in used]
    figure.legend(handles=lines, loc='outside lower center', ncols=len(lines), fontsize=8, facecolor='#444444',
                  labelcolor='white')
    return figure
