"""Precision over recall of all records, beside the points that the paper states."""

import numpy as np
from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs
from mmsight.engine.runs import load_run
from mmsight.engine.tables import Table, load_tables
from mmsight.precision_recall import Detections, curve

from .metric import voc12_ap

MARKERS = 'osv^<>DpXPhd'


def draw_precision_recall(inputs: Inputs, table: str, data: str) -> Figure:
    """A curve for a record with its detections, a point of best F1 for another one, and the paper's points.

    Args:
        inputs (Inputs): Records, detections beside them.
        table (str): Number of the paper's table.
        data (str): Its data set.
    """
    figure = Figure(figsize=(9, 5.2), layout='constrained')
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1.02), xlabel='recall', ylabel='precision (IoU 0.5)')
    grid = np.linspace(0.01, 1, 200)
    for f1 in (0.2, 0.4, 0.6, 0.8, 0.9):
        with np.errstate(divide='ignore'):
            line = f1 * grid / (2 * grid - f1)
        axes.plot(grid[line > 0], line[line > 0], color='#dddddd', linewidth=0.8, zorder=0)
        axes.text(0.995, f1 / (2 - f1) + 0.005, f'F1 {f1:g}', fontsize=7, color='#888888', va='bottom', ha='right')
    for number, path in enumerate(path for path in inputs.records if path.suffix == '.json'):
        run = load_run(path)
        name, colour = path.stem.rpartition('_seed')[0], f'C{number}'
        best_recall, best_precision = run.metrics.get('ship/best_f1_recall'), run.metrics.get('ship/best_f1_precision')
        if run.cases and run.cases.detections:
            precision, recall = points(run.cases.detections)
            axes.plot(recall, precision, color=colour, label=f'{name}, AP {100 * voc12_ap(precision, recall):.1f}')
        if best_recall is not None and best_precision is not None:
            beside = '_' if run.cases and run.cases.detections else f'{name}, best F1'
            axes.plot(best_recall, best_precision, '*', color=colour, markersize=11, label=beside)
    for number, (name, *place) in enumerate(stated(load_tables('sar_shipnet')[table], data)):
        axes.plot(*place, MARKERS[number % len(MARKERS)], color='#777777', label=f'{name} (paper)')
    axes.legend(loc='center left', bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    return figure


def points(found: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall over the falling score, all images together."""
    return curve(found.score, found.state[0], int(found.ships.sum()))[1:]


def stated(table: Table, data: str) -> list[tuple[str, float, float]]:
    """Model, recall and precision in [0, 1], of the rows of a data set that the paper states."""
    names = [column.name for column in table.columns]
    values = [(row.model, row.paper[names.index('R')], row.paper[names.index('P')])
              for row in table.rows if row.paper and row.data == data]
    return [(model, recall / 100, precision / 100) for model, recall, precision in values if recall and precision]
