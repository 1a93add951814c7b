"""What the values of CT volumes are like: HU of the liver and of the rest, and the liver's area along the body."""

import numpy as np
from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs

from .cases import find_lits, read_case

EDGES = np.arange(-1050, 1051, 10)
WINDOWS = {"the paper": (-200, 250), "the model in the box": (0, 250)}


def draw(inputs: Inputs) -> Figure:
    """Shares of the voxels, all volumes together, with the HU windows; then the area of the liver in each slice of each volume.

    Args:
        inputs (Inputs): The folder of volumes in LiTS's layout.
    """
    assert inputs.data is not None
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    liver, rest = (np.zeros(len(EDGES) - 1, dtype=int) for _ in range(2))
    cases = find_lits(inputs.data)
    for case in cases:
        volume, labels = read_case(case)
        hu, mask = volume.hu(0, len(labels)), labels > 0
        inside, outside = (np.histogram(part.clip(EDGES[0], EDGES[-1]), EDGES)[0] for part in (hu[mask], hu[~mask]))
        liver, rest = liver + inside, rest + outside
        step, *pixel = volume.spacing
        right.plot(np.arange(len(mask)) * step, mask.sum(axis=(1, 2)) * np.prod(pixel) / 100, label=case.name)
    for counts, label, style in ((rest, 'other tissue and air', dict(color='#9fc5e8', fill=True)),
                                 (liver, 'liver', dict(color='#c2410c', linewidth=1.8))):
        left.stairs(100 * counts / counts.sum(), EDGES, label=label, **style)
    for level, (name, (low, high)) in zip((0.9, 0.8), WINDOWS.items(), strict=True):
        left.plot((low, high), (level, level), '|-', color='#555555', transform=left.get_xaxis_transform())
        left.text(low - 20, level, f'window of {name}', transform=left.get_xaxis_transform(), fontsize=8, va='center',
                  ha='right')
    left.set(xlabel=f'HU, bars of {EDGES[1] - EDGES[0]}', ylabel='% of voxels', xlim=(EDGES[0], EDGES[-1]),
             ylim=(0, 130 * liver.max() / liver.sum()))
    highest = rest.argmax()
    share = 100 * rest[highest] / rest.sum()
    left.legend(fontsize=8, title=f'highest bar, at {EDGES[highest]} HU:\n{share:.0f} % of the others', title_fontsize=8)
    right.set(xlabel='height above the lowest slice, mm', ylabel='area of the liver, cm²', ylim=(0, None))
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure
