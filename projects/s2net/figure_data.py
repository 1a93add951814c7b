"""What the pairs of a data set are like: their sizes, and how much their grey values have in common."""

import numpy as np
from matplotlib.figure import Figure
from rich.progress import track

from mmsight.engine.figures import Inputs

from .loading import load_pair
from .pair_dataset import PairDataset

COLOURS = dict(train='#7fb1e0', test='#c2410c')


def draw(inputs: Inputs, test_ids: str) -> Figure:
    """Width and height, and the correlations, of each split.

    Args:
        inputs (Inputs): The folder of RoadScene.
        test_ids (str): List of the test pairs, see :class:`.PairDataset`.
    """
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    sizes, correlations = figure.subplots(1, 2)
    for name, colour in COLOURS.items():
        pairs = PairDataset(data_root=str(inputs.data), test_ids=test_ids, split=name, pipeline=[])
        measured = np.array([measure(load_pair(pairs.get_data_info(index)))
                             for index in track(range(len(pairs)), f'{name} pairs')])
        width, height, correlation = measured.T
        sizes.scatter(width, height, s=14, color=colour, alpha=0.8, label=f'{name}: {len(pairs)} pairs')
        edges = np.linspace(-1, 1, 21)
        style = dict(color=colour) if name == 'train' else dict(color=colour, histtype='step', linewidth=1.8)
        correlations.hist(correlation, edges, weights=np.full(len(correlation), 100 / len(correlation)), **style)
        correlations.axvline(np.median(correlation), color=colour, linewidth=1.2, linestyle='--')
    sizes.set(xlabel='width, pixels', ylabel='height, pixels')
    correlations.set(xlabel='correlation of grey values, visible and infrared (dashed: medians)', ylabel='% of pairs',
                     xlim=(-1, 1))
    for axes in (sizes, correlations):
        axes.grid(alpha=0.3)
    figure.legend(*sizes.get_legend_handles_labels(), loc='outside upper center', ncols=2, frameon=False)
    return figure


def measure(pair: dict) -> tuple[int, int, float]:
    """Width and height in pixels of a pair of :func:`.load_pair`, and Pearson's correlation of its grey values."""
    grey = [pair[name].mean(axis=2) for name in ('visible', 'infrared')]
    height, width = grey[0].shape
    return width, height, float(np.corrcoef(grey[0].ravel(), grey[1].ravel())[0, 1])
