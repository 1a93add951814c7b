"""The loss over a training (paper, Fig. 7), and what the network scores meanwhile."""

from matplotlib.figure import Figure

from mmsight.engine.curves import read_curve
from mmsight.engine.figures import Inputs

LABELS = {'loss': 'cross entropy + Dice', 'decode.loss_ce': 'cross entropy', 'decode.loss_dice': 'Dice'}
SCORE = 'liver/DSC'


def draw(inputs: Inputs, paper: float) -> Figure:
    """Training losses with the value that the paper states, and beside them the DSC of the validation.

    Args:
        inputs (Inputs): The curve of one training.
        paper (float): The loss to which the paper's network comes.
    """
    path, = inputs.records
    curve = read_curve(path)
    figure = Figure(figsize=(9, 3.3), layout='constrained')
    losses, scores = figure.subplots(1, 2)
    for name, label in LABELS.items():
        losses.plot(*zip(*curve[name], strict=True), label=label, linewidth=2 if name == 'loss' else 1)
    losses.axhline(paper, color='#555555', linestyle='--', linewidth=1, label=f'the paper states {paper}')
    losses.set(xlabel='epoch', yscale='log', title=f"training loss: {curve['loss'][-1][1]:.4f} in the last epoch")
    losses.legend(fontsize=8)
    scores.plot(*zip(*[(epoch, 100 * value) for epoch, value in curve[SCORE]], strict=True), 'o-C2', markersize=3)
    scores.set(xlabel='epoch', ylabel='DSC, %', title=f'test volumes: DSC {100 * curve[SCORE][-1][1]:.1f} % at the end')
    for axes in (losses, scores):
        axes.grid(alpha=0.3, which='both')
    return figure
