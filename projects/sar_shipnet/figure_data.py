"""What the ships of a data set are like: sizes, aspect ratios, ships an image."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mmsight.apis.labelled_ships import Labelled
from mmsight.engine.figures import Inputs

from .figure_ships import read_images

SMALL, LARGE = 32, 96
"""Sides in pixels of the squares by whose areas COCO calls an object small or large."""

STYLES: tuple[dict[str, Any], ...] = (dict(color='#9fc5e8'), dict(color='#c2410c', histtype='step', linewidth=1.8))


def draw(inputs: Inputs) -> Figure:
    """Shares of the ships, or images, of each split of SSDD, whose folder ``inputs`` has."""
    assert inputs.data is not None
    splits = {name: list(read_images(inputs.data, name).values()) for name in ('train', 'test')}
    measured = {f'{name}: {len(images)} images, {sum(len(image.ships) for image in images)} ships': measure(images)
                for name, images in splits.items()}
    bins = dict(side=np.geomspace(4, 256, 25), aspect=np.linspace(1, 5, 21), ships=np.arange(0.5, 10.6))
    labels = dict(side='square root of the area of a box, pixels', aspect='longer side : shorter side (last bar: 4.8 and more)',
                  ships='ships in an image (last bar: 10 and more)')
    figure = Figure(figsize=(11, 3.4), layout='constrained')
    for axes, (name, edges) in zip(figure.subplots(1, 3), bins.items(), strict=True):
        for (label, values), style in zip(measured.items(), STYLES, strict=True):
            inside = np.clip(values[name], edges[0], edges[-1])  # the last bar holds what is beyond it
            axes.hist(inside, edges, weights=np.full(len(inside), 100 / len(inside)), label=label, **style)
        axes.set_xlabel(labels[name], fontsize=9)
        axes.set(ylabel='% of images' if name == 'ships' else '% of ships')
        axes.grid(alpha=0.3)
        if name == 'side':
            axes.set_xscale('log', base=2)
            axes.set_xticks([4, 8, 16, 32, 64, 128, 256], ['4', '8', '16', '32', '64', '128', '256'])
            for limit, text in ((SMALL, 'small '), (LARGE, 'medium ')):
                axes.axvline(limit, color='#555555', linewidth=1, linestyle='--')
                axes.text(limit, 0.98, text, transform=axes.get_xaxis_transform(), ha='right', va='top', fontsize=8)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside upper center', ncols=2, frameon=False)
    return figure


def measure(images: list[Labelled]) -> dict[str, np.ndarray]:
    """``side``, the root of a box's area in pixels, and ``aspect``, at least 1, of every ship; ``ships`` of every image."""
    sizes = np.concatenate([image.ships for image in images])[:, 2:4]
    return dict(side=np.sqrt(sizes.prod(axis=1)), aspect=sizes.max(axis=1) / sizes.min(axis=1),
                ships=np.array([len(image.ships) for image in images]))
