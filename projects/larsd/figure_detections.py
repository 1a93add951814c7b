"""Detections of models beside the truth (paper, Fig. 8), with what is missed and what is false."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from rich.progress import track

from mmsight.apis.detect import DetectInferencer
from mmsight.engine.figures import Inputs, choose
from mmsight.precision_recall import match
from mmsight.rotated_iou import rotated_iou

from .figure_ships import SPLITS, Labelled, outline, read_images, show

# what is missed is also apart by its line
STYLES: dict[str, dict[str, Any]] = {
    'labelled ship': dict(edgecolor='#70e000'), 'other vessel': dict(edgecolor='#dddddd', linestyle=':'),
    'found': dict(edgecolor='#4cc9f0'), 'missed': dict(edgecolor='#ffd60a', linestyle='--'),
    'false alarm': dict(edgecolor='#ff3355')}

WIDTH = 3
"""Inches of a picture."""


class Judged(NamedTuple):
    """Boxes (n, 5) of detected ships, of false alarms and of missed ships; detected other vessels are in none of them."""

    found: np.ndarray
    false: np.ndarray
    missed: np.ndarray


def draw(inputs: Inputs, images: list[str]) -> Figure:
    """A column an image: the truth on top, then each model at its own score threshold.

    Args:
        inputs (Inputs): Detectors of rotated boxes; the folder of one of ``SPLITS``.
        images (list[str]): Ids of test images.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][-1]), images)
    height = max(image.size[1] / image.size[0] for image in shown.values())
    figure = Figure(figsize=(WIDTH * len(shown), (1 + len(inputs.models)) * (WIDTH * height + 0.3) + 0.4), layout='constrained')
    rows = figure.subplots(1 + len(inputs.models), len(shown), squeeze=False)
    for axes, (name, image) in zip(rows[0], shown.items(), strict=True):
        show(axes, image)
        outline(axes, image.ships, **STYLES['labelled ship'])
        outline(axes, image.ignored, **STYLES['other vessel'])
        axes.set_title(f'truth, {name}: {len(image.ships)} ships', fontsize=9)
    for row, (model, checkpoint) in zip(rows[1:], inputs.models.items(), strict=True):
        detector = DetectInferencer(checkpoint, show_progress=False)
        for axes, image in track(list(zip(row, shown.values(), strict=True)), model):
            result = judge(*detect(detector, image), image)
            show(axes, image)
            outline(axes, result.found, **STYLES['found'])
            outline(axes, result.missed, **STYLES['missed'])
            outline(axes, result.false, **STYLES['false alarm'])
            axes.set_title(f'{model}: {len(result.found)} found, {len(result.missed)} missed, {len(result.false)} false',
                           fontsize=9)
    used = [kind for kind in STYLES if kind != 'other vessel' or any(len(image.ignored) for image in shown.values())]
    lines = [Line2D([], [], linewidth=2, label=kind, color=STYLES[kind]['edgecolor'], linestyle=STYLES[kind].get('linestyle'))
             for kind in used]
    figure.legend(handles=lines, loc='outside lower center', ncols=len(lines), facecolor='#444444', labelcolor='white')
    return figure


def detect(detector: DetectInferencer, image: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 5) and scores (n, ) of an image, which goes through the network whole, as the config tests it."""
    sample, = detector(image.path, tile=max(image.size), return_datasamples=True)['predictions']
    found = sample.pred_instances
    return found.bboxes.numpy().astype(float), found.scores.numpy()


def judge(boxes: np.ndarray, scores: np.ndarray, image: Labelled) -> Judged:
    """Which boxes (n, 5) of scores (n, ) hit, as :class:`.metric.RotatedShipMetric` counts them at an IoU of 0.5."""
    truth = np.concatenate([image.ships, image.ignored])
    iou = rotated_iou(boxes, truth)
    states = match(iou, scores, np.arange(len(truth)) >= len(image.ships))
    missed = np.ones(len(image.ships), dtype=bool)
    if len(truth):
        missed[iou[states == 1].argmax(axis=1)] = False
    return Judged(boxes[states == 1], boxes[states == 0], image.ships[missed])
