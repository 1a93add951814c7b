"""What a test left behind: its metrics, and how each of them is made from the scores of single cases."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mmsight.engine.per_case import Cases, load_cases
from mmsight.errors import InputError
from mmsight.precision_recall import sampled_ap, sampled_best_f1

Statistic = Callable[[np.ndarray], np.ndarray]
"""From (samples, images), how often each image is in a sample, to (samples, )."""

AP_RULES = {'AP50_voc07': ('voc07', 1), 'AP50_voc12': ('voc12', 1), 'AP50-95_voc12': ('voc12', 10)}
"""Name of an AP to its rule, and over how many IoU thresholds it is the mean."""


@dataclass(frozen=True)
class Run:
    """A tested model: its metrics, the file of its cases' scores, if there is one, and which cases count, if not all."""

    path: Path
    metrics: Mapping[str, float | None]
    cases_path: Path | None
    only: frozenset[str] | None = None

    @cached_property
    def cases(self) -> Cases | None:
        """Those that count.

        Raises:
            InputError: If a case that counts was not tested.
        """
        if self.cases_path is None:
            return None
        cases = load_cases(self.cases_path)
        if self.only is None:
            return cases
        if missing := sorted(self.only - set(cases.names)):
            raise InputError(f'{self.cases_path} lacks {len(missing)} of the {len(self.only)} cases that count, {missing[0]} '
                             'among them: the model was tested on another set')
        return cases.of(self.only)

    def value(self, metric: str) -> float | None:
        """Of all cases, or of those that count; None where there is none."""
        if self.only is None:
            return self.metrics.get(metric)
        made = None if self.cases is None else statistic(self.cases, metric)
        return None if made is None else float(made[1](np.ones((1, len(made[0]))))[0])


def load_run(path: Path, only: frozenset[str] | None = None) -> Run:
    """A work-dir, the ``result.json`` in it, or a record with the scores of its cases under the same name.

    Args:
        path (Path): See above.
        only (frozenset[str], optional): Names of the cases that count.

    Raises:
        InputError: If it is none of them.
    """
    file = path / 'result.json' if path.is_dir() else path
    try:
        metrics = dict(json.loads(file.read_text())['metrics'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f'{path} is neither a record nor a work-dir with the result.json of a test') from error
    beside = file.with_suffix('.csv')
    found = [beside] if beside.is_file() else sorted(file.parent.glob('*/per_case.csv')) if file.name == 'result.json' else []
    return Run(path, metrics, found[-1] if found else None, only)


def statistic(cases: Cases, metric: str) -> tuple[list[str], Statistic] | None:
    """Names of the images that a metric is about, and what computes it on a sample of them; None if their scores do not say.

    Images without a finite value are left out, as the metrics do.
    """
    head, _, name = metric.partition('/')
    found, columns = cases.detections, cases.columns
    if found is not None and name in AP_RULES:
        rule, count = AP_RULES[name]
        return cases.names, lambda weights: np.mean([sampled_ap(found, weights, rule, k) for k in range(count)], axis=0)
    if found is not None and name == 'best_f1':
        return cases.names, lambda weights: sampled_best_f1(found, weights)
    if found is not None and name in ('precision', 'recall', 'f1'):
        hits, false, ships = (columns[key] for key in ('true', 'false', 'ships'))
        share, whole = dict(precision=(hits, hits + false), recall=(hits, ships), f1=(2 * hits, hits + false + ships))[name]
        return cases.names, lambda weights: weights @ share / np.maximum(weights @ whole, 1)
    column = metric if metric in columns else name
    if column not in columns:
        return None
    of_set = np.array([column == metric or part in ('', head) for part in cases.sets])
    values = columns[column][of_set]
    known = np.isfinite(values)
    kept = np.where(known, values, 0)

    def mean(weights: np.ndarray) -> np.ndarray:
        return weights @ kept / np.maximum(weights @ known, 1)

    return [name for name, inside in zip(cases.names, of_set, strict=True) if inside], mean
