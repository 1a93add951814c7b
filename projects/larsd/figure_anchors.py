"""The anchors of each level (paper, section II.B.2), on an image and beside the sizes of the ships."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmsight.apis.detect import DetectInferencer
from mmsight.apis.labelled_ships import outline, show
from mmsight.engine.figures import Inputs, choose

from .anchors import anchor_recall, centred_iou
from .coder import ship_frame
from .figure_ships import SPLITS, read_images

COLOURS = ('#ff7f0e', '#4cc9f0', '#e377c2', '#bcbd22', '#9467bd')


def draw(inputs: Inputs, image: str) -> Figure:
    """A picture a level, with its anchors at the location nearest to the largest ship; then all anchors and the ships' sizes.

    Args:
        inputs (Inputs): A detector with anchors of LARSD, the last of the models; the folder of one of ``SPLITS``.
        image (str): Id of a test image.
    """
    assert inputs.data is not None
    train, test = (read_images(inputs.data, split) for split in SPLITS[inputs.data.name])
    shown = choose(test, [image])[image]
    detector = DetectInferencer(list(inputs.models.values())[-1], show_progress=False)
    prior = detector.model.bbox_head.prior_generator
    scale = (detector.network_side or max(shown.size)) / max(shown.size)  # of the network's input to the image
    ship = shown.ships[shown.ships[:, 2:4].prod(axis=1).argmax()]
    reach = 0.6 * max(float(level.max()) for level in prior.anchors) / scale
    count = len(prior.strides)
    figure = Figure(figsize=(2.7 * count + 4, 3.4), layout='constrained')
    *pictures, sizes = figure.subplots(1, count + 1, width_ratios=[*[1] * count, 1.35])
    for level, (axes, stride, anchors) in enumerate(zip(pictures, prior.strides, prior.anchors, strict=True)):
        show(axes, shown)
        outline(axes, shown.ships, edgecolor='#70e000', linewidth=1)
        x, y = (nearest_location(ship[:2] * scale, stride, prior.offset)) / scale
        for width, height in (anchors / scale).tolist():
            axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, fill=False, linewidth=1.6,
                                     edgecolor=COLOURS[level % len(COLOURS)]))
        axes.plot(x, y, '.', color='white', markersize=4)
        axes.set(xlim=(x - reach, x + reach), ylim=(y + reach, y - reach))
        axes.set_title(f'{len(anchors)} anchors at stride {stride}', fontsize=9)
    found = np.concatenate([ships_in_frame(entry.ships, detector.network_side, entry.size) for entry in train.values()])
    levels = [level.numpy().astype(float) for level in prior.anchors]
    best = np.stack([centred_iou(found, level).max(axis=1) for level in levels], axis=1)
    recall, mean = anchor_recall(found, levels)
    for level, (stride, anchors) in enumerate(zip(prior.strides, levels, strict=True)):
        colour = COLOURS[level % len(COLOURS)]
        sizes.plot(*found[best.argmax(axis=1) == level].T, '.', color=colour, markersize=3, alpha=0.4)
        sizes.plot(*anchors.T, 'o', color=colour, markersize=6, markeredgecolor='black', label=f'stride {stride}')
    sizes.set(xscale='log', yscale='log', aspect='equal', xlabel='width, pixels of the input', ylabel='height')
    sizes.set_title(f'{len(found)} training ships: {100 * recall:.1f} % have\nan anchor of IoU above 0.5 (mean {mean:.2f})',
                    fontsize=9)
    sizes.legend(fontsize=8)
    sizes.grid(alpha=0.3)
    return figure


def nearest_location(point: np.ndarray, stride: int, offset: float) -> np.ndarray:
    """The location of a level, x and y, that is nearest to a point (2, ), both in pixels of the network's input."""
    return (np.round(point / stride - offset) + offset) * stride


def ships_in_frame(ships: np.ndarray, side: int | None, size: tuple[int, int]) -> np.ndarray:
    """Sizes (n, 2), w nearer to horizontal than h, of ships (n, 5), in pixels of an input whose longer side is ``side``."""
    scale = (side or max(size)) / max(size)
    return ship_frame(torch.from_numpy(ships))[:, 2:4].numpy() * scale
