"""Correct matches over the number of keypoints K, as measured and as the paper states them."""

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from mmsight.engine.figures import Inputs
from mmsight.engine.tables import Line, Table, find_table, lines

COLOURS = {'SIFT': 'C7', 'RIFT': 'C2', 'ORB': 'C5', 'AKAZE': 'C6', 'BRISK': 'C8', 'CMM-Net': 'C4', 'D2-Net': 'C1', 'R2D2': 'C0'}
MARKERS = 'osD^vP'


def draw(inputs: Inputs, table: str, data: str) -> Figure:
    """A line for each measured row of a table, beside one for each row of the paper's; both axes are logarithmic.

    Args:
        inputs (Inputs): Of no use but that its records tell when the figure is out of date: rows are found in the table.
        table (str): Number of the paper's table, with K in the names of its columns.
        data (str): Its data set.
    """
    found = find_table('s2net', table)
    rows = [line for line in lines(found) if line.row.data == data]
    figure = Figure(figsize=(11, 5.6), layout='constrained')
    places = figure.subplots(1, 2, sharey=True)
    for axes, source, title in zip(places, ('measured', 'paper'), ('measured here', 'stated by the paper'), strict=True):
        curves(axes, found, [line for line in rows if line.source == source])
        axes.set_title(f'{data}, {title}', fontsize=11)
        axes.legend(loc='upper center', bbox_to_anchor=(0.5, -0.13), fontsize=7.5, frameon=False, ncols=2)
    places[0].set_ylabel('correct matches of a pair (NCM)')
    return figure


def curves(axes: Axes, table: Table, rows: list[Line]) -> None:
    """Rows by falling value at the largest K, in the colour of their method; dashed without self-supervision."""
    counts = keypoints(table)
    variants: dict[str, str] = {}
    for line in sorted(rows, key=lambda line: -(line.values[-1].mean if line.values[-1] else 0)):
        method, _, variant = line.row.model.partition(', ')
        family, _, guided = method.partition(' + ')
        known = [(count, value) for count, value in zip(counts, line.values, strict=True) if value is not None]
        marker = variants.setdefault(variant, MARKERS[len(variants) % len(MARKERS)])
        axes.errorbar([count for count, _ in known], [value.mean for _, value in known],
                      [value.spread or 0 for _, value in known], color=COLOURS[family], marker=marker, markersize=5,
                      linestyle='-' if guided else '--', linewidth=1.4, capsize=3, label=line.row.model)
    axes.set(xscale='log', yscale='log', xlabel='keypoints of an image (K)')
    axes.set_xticks(counts, list(map(str, counts)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.grid(alpha=0.3)


def keypoints(table: Table) -> list[int]:
    """K of each column."""
    return [int(re.sub(r'\D', '', column.name)) for column in table.columns]
