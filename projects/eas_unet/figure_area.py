"""Which slices are hard: DSC over the share of liver."""

import numpy as np
from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs

from .figure_slices import segment
from .metric import overlap

KEPT = 0.015
"""Least share of liver of the slices that the paper keeps."""


def draw(inputs: Inputs) -> Figure:
    """A point a test slice with liver, and the means on either side of the paper's limit, of each model.

    Args:
        inputs (Inputs): Models of this project; the folder of the 8-bit slices.
    """
    assert inputs.data is not None
    figure = Figure(figsize=(7.5, 4), layout='constrained')
    axes = figure.add_subplot(xscale='log', ylim=(-3, 103), xlabel='share of the slice that is labelled liver, %',
                              ylabel='DSC of the slice, %')
    for name, checkpoint in inputs.models.items():
        share, score = measure([(part.predicted, part.truth) for part in segment(checkpoint, inputs.data)])
        small = share < KEPT
        sides = [f'{100 * score[side].mean():.1f} % of {side.sum()} slices {where} of the line'
                 for side, where in ((small, 'left'), (~small, 'right')) if side.any()]
        label = f'{name}, mean: ' + ',\n'.join(sides)
        axes.plot(100 * share, 100 * score, 'o', markersize=5, alpha=0.6, label=label)
    axes.axvline(100 * KEPT, color='#555555', linestyle='--', linewidth=1)
    axes.text(100 * KEPT, 22, ' the paper keeps slices from here on', fontsize=8)
    axes.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ['0.2', '0.5', '1', '2', '5', '10', '20'])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc='lower right', fontsize=8)
    return figure


def measure(masks: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Share of liver and DSC, in [0, 1], of pairs of predicted and true masks (H, W); those without liver are left out."""
    with_liver = [(predicted, truth) for predicted, truth in masks if truth.any()]
    return (np.array([truth.mean() for _, truth in with_liver]),
            np.array([overlap(predicted, truth)['DSC'] for predicted, truth in with_liver]))
