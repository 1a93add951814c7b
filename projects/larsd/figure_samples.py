"""Labelled ships: of different sizes, and side by side (paper, Figs. 1 and 7)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from mmsight.apis.labelled_ships import outline, show
from mmsight.engine.figures import Inputs, choose

from .figure_ships import SPLITS, read_images


def draw(inputs: Inputs, images: list[str], side: float) -> Figure:
    """Squares of images, each where it has most ships, with an arrow from stern to bow in every ship.

    Args:
        inputs (Inputs): The folder of the harbours.
        images (list[str]): Ids of training images.
        side (float): Of a square, in pixels.
    """
    assert inputs.data is not None
    shown = choose(read_images(inputs.data, SPLITS[inputs.data.name][0]), images)
    figure = Figure(figsize=(2.6 * len(shown), 2.9), layout='constrained')
    for axes, (name, image) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True):
        show(axes, image)
        outline(axes, image.ships, edgecolor='#70e000')
        outline(axes, image.ignored, edgecolor='#dddddd', linestyle=':')
        for cx, cy, w, _, angle in image.ships:
            step = np.array([np.cos(angle), np.sin(angle)]) * w / 2
            axes.add_patch(FancyArrowPatch((cx, cy) - step, (cx, cy) + step, arrowstyle='->', mutation_scale=10, shrinkA=0,
                                           shrinkB=0, color='#ffd60a', linewidth=1.2))
        x, y = densest(image.ships[:, :2], side).clip(side / 2, np.array(image.size) - side / 2)
        axes.set(xlim=(x - side / 2, x + side / 2), ylim=(y + side / 2, y - side / 2))
        lengths = image.ships[:, 2]
        axes.set_title(f'image {name}: {len(lengths)} ships\n{lengths.min():.0f} to {lengths.max():.0f} pixels long',
                       fontsize=9)
    return figure


def densest(points: np.ndarray, side: float) -> np.ndarray:
    """Of points (n, 2) the one, (2, ), around which a square of ``side`` holds most others; the first of several."""
    near = (np.abs(points[:, None] - points) <= side / 2).all(axis=2)
    return points[near.sum(axis=1).argmax()]
