"""What the ships of a data set are like: lengths, aspect ratios, directions, ships an image."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmsight.apis.labelled_ships import Labelled
from mmsight.engine.figures import Inputs

from .figure_ships import SPLITS, read_images

STYLES: tuple[dict[str, Any], ...] = (dict(color='#9fc5e8'), dict(color='#c2410c', histtype='step', linewidth=1.8))
LABELS = dict(length='length of a ship, pixels (last bar: and more)', aspect='length : width (last bar: and more)',
              ships='ships in an image (last bar: and more)')
EDGES = dict(optical_inshore=dict(length=np.linspace(80, 280, 21), ships=np.arange(0.5, 15)),
             ssdd=dict(length=np.linspace(0, 160, 33), aspect=np.linspace(1, 8, 29), ships=np.arange(0.5, 11)))
"""Of the bars; the widths of the harbours' ships are not labelled."""
SECTORS = 24
"""Of the circle of directions."""


def draw(inputs: Inputs) -> Figure:
    """Shares of the ships, or images, of each split of a data set, whose folder ``inputs`` has."""
    assert inputs.data is not None
    bins, headings = EDGES[inputs.data.name], inputs.data.name == 'optical_inshore'
    splits = {name: list(read_images(inputs.data, name).values()) for name in SPLITS[inputs.data.name]}
    measured = {f'{name}: {len(images)} images, {sum(len(image.ships) for image in images)} ships': measure(images)
                for name, images in splits.items()}
    figure = Figure(figsize=(2.9 * (len(bins) + 1), 3.3), layout='constrained')
    for number, (name, edges) in enumerate(bins.items(), 1):
        axes = figure.add_subplot(1, len(bins) + 1, number)
        for (label, values), style in zip(measured.items(), STYLES, strict=True):
            inside = np.clip(values[name], edges[0], edges[-1])  # the last bar holds what is beyond it
            share = np.full(len(inside), 100 / len(inside))
            axes.hist(inside, edges.tolist(), weights=share, label=label, **style)
        axes.set_xlabel(LABELS[name], fontsize=8)
        axes.set_ylabel('% of images' if name == 'ships' else '% of ships', fontsize=9)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside upper center', ncols=2, frameon=False)
    # clockwise, since y points down
    circle: Any = figure.add_subplot(1, len(bins) + 1, len(bins) + 1, projection='polar', theta_direction=-1)
    edges = np.linspace(0, 2 * np.pi, SECTORS + 1)
    for values, style in zip(measured.values(), STYLES, strict=True):
        shares = 100 * sectors(values['angle'], headings)
        circle.stairs(shares, edges, fill='histtype' not in style, color=style['color'], linewidth=style.get('linewidth'))
    circle.set_xticks(np.arange(4) * np.pi / 2, ['right', 'down', 'left', 'up'], fontsize=8)
    circle.yaxis.set_major_locator(MaxNLocator(3))
    circle.set_rlabel_position(45)
    circle.tick_params(axis='y', labelsize=7)
    circle.set_title('% of headings in the image' if headings else '% of directions in the image', fontsize=9)
    return figure


def measure(images: list[Labelled]) -> dict[str, np.ndarray]:
    """Of each ship ``length`` in pixels, ``aspect``, at least 1, and ``angle`` of its length in radians; ``ships`` an image."""
    _, _, w, h, angle = np.concatenate([image.ships for image in images]).T
    longer, shorter = np.maximum(w, h), np.minimum(w, h)
    return dict(length=longer, aspect=longer / shorter, angle=np.where(w >= h, angle, angle + np.pi / 2),
                ships=np.array([len(image.ships) for image in images]))


def sectors(angles: np.ndarray, headings: bool) -> np.ndarray:
    """Share of ``SECTORS`` equal parts of the circle, from 0 on: (SECTORS, ), of sum 1.

    Args:
        angles (np.ndarray): (n, ), in radians.
        headings (bool): They are headings, over the full circle. Otherwise a ship counts for both of its ends.
    """
    both = angles if headings else np.concatenate([angles, angles + np.pi])
    return np.bincount((both % (2 * np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS, minlength=SECTORS) / len(both)
