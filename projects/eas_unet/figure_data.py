"""What the slices of a set are like: share of liver, grey levels, slices a volume."""

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmsight.engine.figures import Inputs

from .figure_area import KEPT
from .figure_slices import ShownSlice, read_slices

STYLES: dict[str, dict[str, Any]] = {
    'train': dict(color='#9fc5e8'), 'holdout': dict(color='#555555', histtype='step', linewidth=1.2),
    'val': dict(color='#c2410c', histtype='step', linewidth=1.8)}
"""Of the splits; the last one is for tests."""
LEVELS = np.arange(257)


def draw(inputs: Inputs) -> Figure:
    """Shares of the slices, pixels or volumes of each split, as the config of the last model reads them.

    Args:
        inputs (Inputs): A model whose config splits the 8-bit slices into ``STYLES``; their folder.
    """
    assert inputs.data is not None
    checkpoint = list(inputs.models.values())[-1]
    splits = {name: list(read_slices(checkpoint, inputs.data, name)) for name in STYLES}
    figure = Figure(figsize=(11, 3.5), layout='constrained')
    first, second, third = figure.subplots(1, 3)
    for name, parts in splits.items():
        volumes = Counter(part.case for part in parts)
        label = f"{'test' if name == 'val' else name}: {len(volumes)} volumes, {len(parts)} slices"
        bars(first, 100 * np.array([part.truth.mean() for part in parts]), np.linspace(0, 26, 27), label, name)
        bars(third, np.array(list(volumes.values())), np.arange(0.5, 13), label, name)
    first.axvline(100 * KEPT, color='#555555', linewidth=1, linestyle='--')
    first.set(xlabel='share of the slice that is liver, %', ylabel='% of slices')
    liver, rest = grey_levels([part for parts in splits.values() for part in parts])
    for counts, label, style in ((rest, 'other tissue and air', dict(color='#9fc5e8', fill=True)),
                                 (liver, 'liver', dict(color='#c2410c', linewidth=1.8))):
        second.stairs(100 * counts / counts.sum(), LEVELS, label=label, **style)
    second.set(xlabel='grey level', ylabel='% of pixels', xlim=(0, 256), ylim=(0, 110 * liver.max() / liver.sum()))
    second.legend(fontsize=8, title=f'black: {100 * rest[0] / rest.sum():.0f} % of the others', title_fontsize=8)
    third.set(xlabel='slices of a volume', ylabel='% of volumes')
    third.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (first, second, third):
        axes.grid(alpha=0.3)
    figure.legend(*first.get_legend_handles_labels(), loc='outside upper center', ncols=3, frameon=False)
    return figure


def bars(axes: Any, values: np.ndarray, edges: np.ndarray, label: str, split: str) -> None:
    """A histogram in percent, whose last bar holds what is beyond it."""
    axes.hist(values.clip(edges[0], edges[-1]), edges, weights=np.full(len(values), 100 / len(values)), label=label,
              **STYLES[split])


def grey_levels(parts: list[ShownSlice]) -> tuple[np.ndarray, np.ndarray]:
    """How many pixels of liver, and of all others, have each of the 256 levels: (256, ) both."""
    liver, whole = np.zeros(256, dtype=int), np.zeros(256, dtype=int)
    for part in parts:
        liver += np.bincount(part.image[part.truth], minlength=256)
        whole += np.bincount(part.image.ravel(), minlength=256)
    return liver, whole - liver
