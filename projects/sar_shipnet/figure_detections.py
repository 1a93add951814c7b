"""Detections of models beside the truth (paper, Fig. 1), with what is missed and what is false."""

from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from rich.progress import track
from torchvision.ops import box_iou

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.scene import read_8_bits
from mmsight.engine.figures import Inputs, choose
from mmsight.precision_recall import match
from mmsight.rotated_iou import corners, extents, from_upright

from .figure_ships import WHOLE, Labelled, read_images

# what is missed is also apart by its line
STYLES: dict[str, dict[str, Any]] = {
    'labelled ship': dict(color='#70e000', linestyle='-'), 'found': dict(color='#4cc9f0', linestyle='-'),
    'missed': dict(color='#ffd60a', linestyle='--'), 'false alarm': dict(color='#ff3355', linestyle='-')}


class Judged(NamedTuple):
    """Boxes (n, 5), see :mod:`mmsight.rotated_iou`, of detected ships and of false alarms; and missed ships (m, 4)."""

    found: np.ndarray
    false: np.ndarray
    missed: np.ndarray


def draw(inputs: Inputs, images: list[str]) -> Figure:
    """A row an image: the truth, then each model at its own score threshold.

    Args:
        inputs (Inputs): Detectors of upright or of rotated boxes; the folder of SSDD.
        images (list[str]): Ids of test images.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, 'test'), images)
    judged = {}
    for name, checkpoint in inputs.models.items():
        detector = DetectInferencer(checkpoint, show_progress=False)
        judged[name] = [judge(detect(detector, image), image.ships) for image in track(shown.values(), name)]
    heights = [image.size[1] / image.size[0] for image in shown.values()]
    figure = Figure(figsize=(3.1 * (1 + len(judged)), 3.1 * sum(heights) + 0.3 * len(shown) + 0.7), layout='constrained')
    places = figure.subplots(len(shown), 1 + len(judged), squeeze=False, height_ratios=heights)
    for row, (name, image) in zip(places, shown.items(), strict=True):
        for axes in row:
            axes.imshow(read_8_bits(image.path, grey=True), cmap='gray', vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
        outline(row[0], from_upright(image.ships), 'labelled ship')
        row[0].set_title(f'truth, {name}: {len(image.ships)} ships', fontsize=9)
    for column, (name, results) in zip(places.T[1:], judged.items(), strict=True):
        for axes, result in zip(column, results, strict=True):
            outline(axes, result.found, 'found')
            outline(axes, from_upright(result.missed), 'missed')
            outline(axes, result.false, 'false alarm')
            axes.set_title(f'{name}: {len(result.found)} found, {len(result.missed)} missed, {len(result.false)} false',
                           fontsize=9)
    lines = [Line2D([], [], linewidth=2, label=kind, **style) for kind, style in STYLES.items()]
    figure.legend(handles=lines, loc='outside lower center', ncols=len(lines), facecolor='#444444', labelcolor='white')
    return figure


def detect(detector: DetectInferencer, image: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 5) and scores (n, ) of an image."""
    sample, = detector(image.path, tile=WHOLE, return_datasamples=True)['predictions']
    found = sample.pred_instances
    return found.bboxes.numpy().astype(float), found.scores.numpy()


def judge(detections: tuple[np.ndarray, np.ndarray], ships: np.ndarray) -> Judged:
    """Which detections hit, as :class:`.metric.ShipDetectionMetric` counts them at an IoU of 0.5.

    A rotated box is judged by the upright one around it, since the labels are upright.

    Args:
        detections (tuple[np.ndarray, np.ndarray]): Boxes (n, 5) and scores (n, ).
        ships (np.ndarray): Labelled ships (m, 4).
    """
    boxes, scores = detections
    iou = box_iou(torch.from_numpy(extents(boxes)), torch.from_numpy(ships)).numpy()
    hit = match(iou, scores, np.zeros(len(ships), dtype=bool)) == 1
    missed = np.ones(len(ships), dtype=bool)
    if len(ships):
        missed[iou[hit].argmax(axis=1)] = False
    return Judged(boxes[hit], boxes[~hit], ships[missed])


def outline(axes: Axes, boxes: np.ndarray, kind: str) -> None:
    """Draw boxes (n, 5) in one of ``STYLES``."""
    for points in corners(boxes):
        axes.add_patch(Polygon(points, fill=False, linewidth=1.4, **STYLES[kind]))


