"""Metrics over alpha of the elliptic Gaussian, as measured and as the paper states them."""

from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs
from mmsight.engine.tables import lines, load_tables

METRICS = {'P': 'precision at a score of 0.5', 'R': 'recall at a score of 0.5', 'AP0.5': 'AP'}
"""Columns of the table to their titles."""
STYLES = {'measured': 'o-C0', 'paper': 's--C7'}


def draw(inputs: Inputs, table: str) -> Figure:
    """A panel for each metric, with a line of the measured rows and one of the paper's.

    Args:
        inputs (Inputs): Of no use but that its records tell when the figure is out of date: rows are found in the table.
        table (str): Number of the paper's table, whose rows are named ``alpha VALUE``, then what else they are.
    """
    found = load_tables('sar_shipnet')[table]
    names = [column.name for column in found.columns]
    rows = [line for line in lines(found) if line.row.model.startswith('alpha ')]
    figure = Figure(figsize=(10, 3.4), layout='constrained')
    for axes, (name, title) in zip(figure.subplots(1, len(METRICS)), METRICS.items(), strict=True):
        for source, style in STYLES.items():
            values = {float(line.row.model.split()[1].rstrip(',')): line.values[names.index(name)]
                      for line in rows if line.source == source}
            known = [(alpha, value.mean) for alpha, value in sorted(values.items()) if value is not None]
            axes.plot(*zip(*known, strict=True), style, markersize=5, label=source)
        axes.set(xlabel='alpha', title=title)
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower center', ncols=2, frameon=False)
    return figure
