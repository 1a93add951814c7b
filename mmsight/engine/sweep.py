"""Measures over a parameter of a method, such as the weight of a loss, from the rows of a table."""

import math

from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs
from mmsight.engine.tables import Table, Value, find_table, lines
from mmsight.errors import InputError, did_you_mean

Points = list[tuple[float, Value]]
"""Values of the parameter, rising, and what was measured there."""


def find_points(table: Table, parameter: str, column: str) -> dict[str, Points]:
    """Values of a column, for each series of rows by its name.

    Args:
        table (Table): Its rows of the sweep are named ``<parameter> VALUE``, and then, after a comma, what else they are.
        parameter (str): First word of the rows' names.
        column (str): Name of a column.

    Returns:
        dict[str, Points]: Series such as ``'R18w32, SSDD (measured)'``, without those that have no value.

    Raises:
        InputError: If the table has no such column, or no such row with a value.
    """
    where, names = f'table {table.number} of {table.paper}', [found.name for found in table.columns]
    if column not in names:
        raise InputError(f"{where} has no column '{column}'; {did_you_mean(column, names)}it has {', '.join(names)}")
    series: dict[str, Points] = {}
    for line in lines(table):
        name, _, rest = line.row.model.partition(', ')
        word, _, text = name.partition(' ')
        value = line.values[names.index(column)]
        if word == parameter and value is not None:
            what = ', '.join(filter(None, (rest, line.row.data)))
            series.setdefault(f'{what} ({line.source})'.strip(), []).append((float(text), value))
    if not series:
        raise InputError(f"{where} has no row with a value that is named '{parameter} VALUE'")
    return {name: sorted(points) for name, points in series.items()}


def draw_sweep(inputs: Inputs, paper: str, table: str, parameter: str, columns: list[str]) -> Figure:
    """A panel for each column of a table, with a line for each series; bars are the standard deviation over seeds.

    Args:
        inputs (Inputs): Of no use but that its records tell when the figure is out of date: rows are found in the table.
        paper (str): The project.
        table (str): Number of its table.
        parameter (str): See :func:`find_points`.
        columns (list[str]): Names of columns, one a panel.
    """
    found = find_table(paper, table)
    figure = Figure(figsize=(3.35 * len(columns), 3.4), layout='constrained')
    places = figure.subplots(1, len(columns), squeeze=False)[0]
    for axes, column in zip(places, columns, strict=True):
        for name, points in find_points(found, parameter, column).items():
            style = dict(fmt='s--', color='C7') if name.endswith('(paper)') else dict(fmt='o-')
            axes.errorbar([place for place, _ in points], [value.mean for _, value in points],
                          [math.nan if value.spread is None else value.spread for _, value in points],
                          markersize=5, capsize=3, label=name, **style)
        axes.set(xlabel=parameter, title=column)
        axes.grid(alpha=0.3)
    figure.legend(*places[0].get_legend_handles_labels(), loc='outside lower center', ncols=2, frameon=False)
    return figure
