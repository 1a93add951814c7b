"""What each loss gains over bicubic interpolation, and how sharp its images are."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmsight.engine.figures import Inputs
from mmsight.engine.runs import Run, load_run
from mmsight.errors import InputError


def draw(inputs: Inputs, sets: list[str]) -> Figure:
    """Bars of the gain in PSNR_Y and of sharpness, for each record and test set.

    Args:
        inputs (Inputs): Records.
        sets (list[str]): That the records have, e.g. ``'Set5'``.
    """
    runs = {short_name(path.stem): load_run(path) for path in inputs.records}
    runs = dict(sorted(runs.items(), key=lambda item: -value(item[1], f'{sets[0]}/gain/PSNR_Y')))
    figure = Figure(figsize=(10, 1.6 + 0.5 * len(runs)), layout='constrained')
    gain, sharp = figure.subplots(1, 2, sharey=True)
    for number, name in enumerate(sets):
        bars(gain, runs, f'{name}/gain/PSNR_Y', number, len(sets), '{:+.1f}', name)
        bars(sharp, runs, f'{name}/model/sharpness', number, len(sets), '{:.2f}', name)
    sharp.axvline(1, color='#555555', linewidth=1, linestyle='--')
    gain.axvline(0, color='#555555', linewidth=1)
    gain.set_yticks(range(len(runs)), list(runs))
    gain.invert_yaxis()
    gain.set_xlabel('PSNR of Y over bicubic interpolation, dB', fontsize=9)
    sharp.set_xlabel('sharpness (dashed: the original)', fontsize=9)
    for axes in (gain, sharp):
        axes.margins(x=0.14)
        axes.grid(axis='x', alpha=0.3)
        axes.set_axisbelow(True)
    figure.legend(*gain.get_legend_handles_labels(), loc='outside upper center', ncols=len(sets), frameon=False)
    return figure


def short_name(stem: str) -> str:
    """Of a record: what its config is called, without what all of them share."""
    return stem.rpartition('_seed')[0].replace('_w128_t91_x4', '').replace('_', ', ')


def value(run: Run, metric: str) -> float:
    """A metric of a record.

    Raises:
        InputError: If it has none of that name.
    """
    found = run.metrics.get(metric)
    if found is None:
        raise InputError(f"{run.path} has no '{metric}': figures show test sets that every record has")
    return found


def bars(axes: Axes, runs: dict[str, Run], metric: str, number: int, count: int, text: str, label: str) -> None:
    """The ``number``-th of ``count`` bars of each run, with its value."""
    places = [row + 0.8 * ((number + 0.5) / count - 0.5) for row in range(len(runs))]
    drawn = axes.barh(places, [value(run, metric) for run in runs.values()], 0.8 / count, color=f'C{number}', label=label)
    axes.bar_label(drawn, fmt=text, fontsize=8, padding=3)
