"""Training and validation loss of each model over the epochs (report, Fig. 13 to 16)."""

import numpy as np
from matplotlib.figure import Figure

from mmsight.engine.curves import read_curve
from mmsight.engine.figures import Inputs


def draw(inputs: Inputs) -> Figure:
    """A panel for each model with its content loss, of which the title says how much it changes from epoch to epoch.

    Args:
        inputs (Inputs): Curves of trainings, whose names begin with that of the model.
    """
    columns = 2
    rows = -(-len(inputs.records) // columns)
    figure = Figure(figsize=(9, 2.7 * rows), layout='constrained')
    for axes, path in zip(figure.subplots(rows, columns, sharex=True).flat, inputs.records, strict=False):
        curve = read_curve(path)
        trained, watched = curve.get('loss_content', curve['loss']), curve['val_loss']
        axes.plot(*zip(*trained, strict=True), linewidth=1, label='training, patches of T91')
        lowest, _ = min(watched, key=lambda point: point[1])
        axes.plot(*zip(*watched, strict=True), 'o-', markersize=3, label=f'validation, Set5: lowest after {lowest} epochs')
        noise = 100 * unrest([value for _, value in trained])
        axes.set_title(f"{path.stem.partition('_')[0].upper()}: training changes by {noise:.1f} % an epoch", fontsize=10)
        axes.set(yscale='log', ylabel='content loss')
        axes.grid(alpha=0.3, which='both')
        axes.legend(fontsize=8)
    figure.supxlabel('epoch', fontsize=10)
    return figure


def unrest(losses: list[float]) -> float:
    """Median relative change from one epoch to the next over the last half of a training, up or down."""
    logs = np.log(losses[len(losses) // 2:])
    return float(np.median(np.abs(np.diff(logs))))
