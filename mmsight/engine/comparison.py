"""Whether one result is above another: a paired bootstrap over test images, or an interval over seeds."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

from mmsight.engine.runs import Run, Statistic, load_run, statistic
from mmsight.engine.tables import Column, Row, Table, find_row, project_folder, read_records
from mmsight.errors import InputError

SAMPLES = 2000
COUNTED = 'counted, not measured'


@dataclass(frozen=True)
class Comparison:
    """Two values of a metric, their difference and its 95 % interval.

    Attributes:
        first (float): A value, the mean over runs.
        second (float): That of the other model.
        interval (tuple[float, float] | None): Of first - second; None where there is nothing to take one from.
        over (str): What the interval is taken over, e.g. ``'232 images'``, or why it needs none.
    """

    first: float
    second: float
    interval: tuple[float, float] | None = None
    over: str = ''

    @property
    def above(self) -> bool | None:
        """Whether the first is above the second; None where they cannot be told apart."""
        if self.interval is None:
            return None if self.first == self.second else self.first > self.second
        low, high = self.interval
        return True if low > 0 else False if high < 0 else None

    def scaled(self, factor: float) -> 'Comparison':
        interval = None if self.interval is None else (factor * self.interval[0], factor * self.interval[1])
        return Comparison(factor * self.first, factor * self.second, interval, self.over)

    def sentence(self, first: str, second: str, digits: int = 4) -> str:
        """Which of two names is above, with the numbers."""
        verdict = 'not distinguishable' if self.above is None else f'{first if self.above else second} is above'
        return (f'{first} {self.first:.{digits}f}, {second} {self.second:.{digits}f}, difference '
                f'{self.first - self.second:+.{digits}f} {self.bracket(digits)}: {verdict}')

    def bracket(self, digits: int = 4) -> str:
        """The interval of the difference, or why it has none."""
        if self.interval is None:
            return f"({self.over or 'without an interval'})"
        return f"[{', '.join(f'{end:+.{digits}f}' for end in self.interval)}] (95 %, {self.over})"


def compare(first: Sequence[Run], second: Sequence[Run], metric: str, other: str = '') -> Comparison:
    """Compare two models, each of one run or of several seeds, by a paired bootstrap over the images that both were tested on.

    The interval is SciPy's BCa interval of 2000 samples. It says how the difference varies with the choice of images, not with
    another training; models of several seeds enter with their mean.

    Args:
        first, second (Sequence[Run]): A run for each seed.
        metric (str): Of the first model.
        other (str): Of the second one. Defaults to ``metric``.

    Raises:
        InputError: If a run has no value, or no scores of its cases, if these are not its own, or if the images differ.
    """
    found = [[_own_statistic(run, name) for run in group] for group, name in ((first, metric), (second, other or metric))]
    names = found[0][0][0]
    for run, (others, _) in zip([*first, *second], [*found[0], *found[1]], strict=True):
        if others != names:
            only = sorted(set(names) ^ set(others))
            raise InputError(f'{run.path} was tested on other images than {first[0].path}: '
                             + (f'only one of them has {only[0]}' if only else 'their order differs'))
    ours, theirs = ([part for _, part in group] for group in found)

    def difference(weights: np.ndarray) -> np.ndarray:
        gap = np.mean([part(weights) for part in ours], axis=0) - np.mean([part(weights) for part in theirs], axis=0)
        return np.nan_to_num(gap)  # a sample without ships tells nothing apart

    whole = np.ones((1, len(names)))
    first_value, second_value = (float(np.mean([part(whole)[0] for part in group])) for group in (ours, theirs))
    return Comparison(first_value, second_value, bootstrap(difference, len(names)), f'{len(names)} images')


def _own_statistic(run: Run, metric: str) -> tuple[list[str], Statistic]:
    value = run.value(metric)
    if value is None:
        raise InputError(f'{run.path} has no value of {metric}')
    made = None if run.cases is None else statistic(run.cases, metric)
    if made is None:
        raise InputError(f'{run.path} has no scores of single images for {metric}: test the model again')
    names, part = made
    by_images = float(part(np.ones((1, len(names))))[0])
    if not math.isclose(by_images, value, rel_tol=1e-4, abs_tol=1e-6):
        raise InputError(f'{run.cases_path} is not of the run of {run.path}: {metric} is {by_images:.6g} by its images, not '
                         f'{value:.6g}')
    return names, part


def bootstrap(difference: Statistic, images: int) -> tuple[float, float] | None:
    """95 % interval of a statistic over samples of images; None for fewer than two images."""
    if images < 2:
        return None

    def on_samples(indices: np.ndarray, axis: int = -1) -> np.ndarray:
        flat = indices.reshape(-1, indices.shape[-1]).astype(np.int64)
        offsets = images * np.arange(len(flat))[:, None]
        weights = np.bincount((flat + offsets).ravel(), minlength=images * len(flat)).reshape(-1, images)
        return difference(weights.astype(float)).reshape(indices.shape[:-1])

    with warnings.catch_warnings():  # about what is dealt with below
        warnings.simplefilter('ignore')
        found = stats.bootstrap((np.arange(images), ), on_samples, vectorized=True, n_resamples=SAMPLES, batch=200,
                                random_state=np.random.default_rng(0))
    low, high = map(float, found.confidence_interval)
    if not math.isfinite(low + high):  # BCa has none where no image, or only one, makes a difference
        low, high = map(float, np.quantile(found.bootstrap_distribution, (0.025, 0.975)))
    return low, high


def compare_seeds(first: Mapping[int, float], second: Mapping[int, float], paired: bool) -> Comparison:
    """Compare values of seeds: Student's interval over paired seeds, Welch's over others; none for a single seed.

    Args:
        first, second (Mapping[int, float]): Seed to value.
        paired (bool): Equal seeds share a training.
    """
    shared = sorted(first.keys() & second.keys()) if paired else []
    if len(shared) > 1:
        first, second = ({seed: group[seed] for seed in shared} for group in (first, second))
    ours, theirs = (np.array(list(group.values())) for group in (first, second))
    made = Comparison(float(ours.mean()), float(theirs.mean()))
    if len(shared) > 1:
        errors, counts = [(ours - theirs).std(ddof=1) / math.sqrt(len(shared))], [len(shared)]
        over = f'{len(shared)} seeds'
    elif not paired and min(len(ours), len(theirs)) > 1:
        counts = [len(ours), len(theirs)]
        errors = [part.std(ddof=1) / math.sqrt(len(part)) for part in (ours, theirs)]
        over = f'{len(ours)} and {len(theirs)} seeds'
    else:
        return made
    error = math.hypot(*errors)
    freedom = error**4 / max(sum(part**4 / (count - 1) for part, count in zip(errors, counts, strict=True)), 1e-300)
    half = error * float(stats.t.ppf(0.975, max(freedom, 1)))
    return replace(made, interval=(made.first - made.second - half, made.first - made.second + half), over=over)


def compare_rows(table: Table, column: Column, first: Row, second: Row, extra: Path | None = None) -> Comparison:
    """Compare rows by their records: over images where all records have the scores of several cases, else over seeds.

    Args:
        table (Table): See :func:`mmsight.engine.tables.load_tables`.
        column (Column): Of it.
        first (mmsight.engine.tables.Row): Of it.
        second (mmsight.engine.tables.Row): Of it too.
        extra (Path, optional): See :func:`mmsight.engine.tables.lines`.

    Raises:
        InputError: If a row has no record with a value, or their records were measured on different images.
    """
    (ours, our_values), (theirs, their_values) = (_measured(table, column, row, extra) for row in (first, second))
    for row, values in ((first, our_values), (second, their_values)):
        if not values:
            raise InputError(f"'{row.model}' of table {table.number} of {table.paper} has no measured {column.name}")
    if not first.learns and not second.learns:  # their values are the same in every run: seeds would be counted as evidence
        ours, theirs = ours[:1], theirs[:1]
        our_values, their_values = ({0: next(iter(values.values()))} for values in (our_values, their_values))
    if column.metric == 'parameters':
        return Comparison(next(iter(our_values.values())), next(iter(their_values.values())), over=COUNTED)
    metric, other = (column.metric.format(**row.keys) for row in (first, second))
    asked = [*((run, metric) for run in ours), *((run, other) for run in theirs)]
    if all(run.cases and len(run.cases.names) > 1 and statistic(run.cases, name) for run, name in asked):
        return compare(ours, theirs, metric, other).scaled(column.scale)
    return compare_seeds(our_values, their_values, paired=(first.weights or first.config) == (second.weights or second.config))


def _measured(table: Table, column: Column, row: Row, extra: Path | None) -> tuple[list[Run], dict[int, float]]:
    """Runs of a row that have a value, and seed to value."""
    folder = project_folder(table.paper)
    records = read_records(folder / row.records, *([extra] if extra and row.records == 'records' else []))
    runs, values = [], {}
    for seed, record in records.get(row.config, {}).items():
        if (value := column.value(row, record)) is not None:
            runs.append(load_run(record['path'], column.cases))
            values[seed] = value
    return runs, values


def compare_in_table(table: Table, first: str, second: str, extra: Path | None = None) -> list[str]:
    """A sentence for each column that both rows have values in; see :func:`compare_rows`.

    Raises:
        InputError: Also if no column has an interval: for single trainings it takes the scores of their cases.
    """
    ours, theirs = find_row(table, first), find_row(table, second)
    measured = [column for column in table.columns if all(_measured(table, column, row, extra)[1] for row in (ours, theirs))]
    made = {column: compare_rows(table, column, ours, theirs, extra) for column in measured or table.columns}
    if not any(found.interval for found in made.values()):
        raise InputError(f"'{first}' and '{second}' have no interval: there is one training each, and no scores of at least "
                         'two single images are beside their records')
    return [f'{column.name}: {found.sentence(first, second, column.digits)}' for column, found in made.items()]


def compare_results(first: Path, second: Path) -> list[str]:
    """A sentence for each metric that the scores of single images give for both runs.

    Raises:
        InputError: If there is none, or the images differ.
    """
    runs = load_run(first), load_run(second)
    for run in runs:
        if run.cases is None:
            raise InputError(f'{run.path} has no scores of single images (per_case.csv of a test, or a .csv beside a record): '
                             'test the model again')
    said = [f'{metric}: {compare(runs[:1], runs[1:], metric).sentence(str(first), str(second))}' for metric in runs[0].metrics
            if runs[1].metrics.get(metric) is not None and all(statistic(run.cases, metric) for run in runs if run.cases)]
    if not said:
        raise InputError(f'{first} and {second} have no metric in common')
    return said
