"""``per_case.csv`` beside a run's log: the measures of each test case, from which reports and comparisons are made.

A column has the name of the metric that is its mean over cases, with or without the metric's prefix. Where a column ``set``
names the test set of a case, metrics begin with it. What detectors found is kept in ``per_case.npz``, because AP is no mean.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger

from mmsight.errors import InputError
from mmsight.precision_recall import Detections


def write_per_case(rows: Sequence[dict[str, Any]], score: str, detections: Detections | None = None) -> None:
    """Write one line a case, in a run that has a log file.

    Args:
        rows (Sequence[dict]): With ``case``, the name of the case and of its picture without suffix, and measures.
        score (str): The measure that cases are ranked by, higher is better; it is the second column.
        detections (Detections, optional): Of the same cases, in the same order.
    """
    log = MMLogger.get_current_instance().log_file
    if not log or not rows:
        return
    path = Path(log).with_name('per_case.csv')
    names = dict.fromkeys(['case', score, *max(rows, key=len)])
    with path.open('w', newline='') as file:
        writer = csv.DictWriter(file, list(names), restval='')
        writer.writeheader()
        writer.writerows(rows)
    if detections is not None:
        kept = {name: values for name, values in detections._asdict().items() if values is not None}
        np.savez_compressed(path.with_suffix('.npz'), **kept)


def read_per_case(path: Path) -> tuple[str, dict[str, float]]:
    """The score's name, and case to score, best first; cases without a score are left out."""
    with path.open(newline='') as file:
        reader = csv.reader(file)
        score = next(reader)[1]
        scores = {row[0]: float(row[1]) for row in reader if row[1]}
    return score, dict(sorted(scores.items(), key=lambda item: -item[1]))


@dataclass(frozen=True)
class Cases:
    """All that a run kept of its test cases.

    Attributes:
        names (list[str]): Of the cases.
        columns (dict[str, np.ndarray]): Name to a number a case, NaN where there is none; texts are left out.
        sets (list[str]): The test set of each case; empty where there is only one.
        detections (Detections | None): Of a detector.
    """

    names: list[str]
    columns: dict[str, np.ndarray]
    sets: list[str]
    detections: Detections | None

    def of(self, chosen: Collection[str]) -> 'Cases':
        """The cases of these names alone."""
        kept = np.array([name in chosen for name in self.names], dtype=bool)
        found = self.detections
        if found is not None:
            inside = kept[found.case]
            found = found._replace(
                case=(kept.cumsum() - 1)[found.case[inside]], label=found.label[inside], score=found.score[inside],
                state=found.state[:, inside], ships=found.ships[kept], box=None if found.box is None else found.box[inside])
        return Cases(
            [name for name, inside in zip(self.names, kept, strict=True) if inside],
            {name: values[kept] for name, values in self.columns.items()},
            [name for name, inside in zip(self.sets, kept, strict=True) if inside], found)


def load_cases(path: Path) -> Cases:
    """Read what :func:`write_per_case` wrote.

    Args:
        path (Path): The CSV file; detections are beside it under the same name with suffix ``.npz``.

    Raises:
        InputError: If it is no such file, or names a case twice.
    """
    try:
        with path.open(newline='') as file:
            rows = list(csv.DictReader(file))
        names, sets = [row['case'] for row in rows], [row.get('set', '') for row in rows]
        columns = {name: _numbers([row[name] for row in rows]) for name in rows[0]}
        detections = None
        if (beside := path.with_suffix('.npz')).is_file():
            with np.load(beside) as arrays:
                detections = Detections(**arrays)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f'{path} has no scores of cases as a test writes them: {error!r}') from error
    if len(set(zip(sets, names, strict=True))) < len(names) or (detections is not None and len(detections.ships) != len(names)):
        raise InputError(f'{path} names a case twice, or not the cases of its detections: two runs cannot be compared by it')
    return Cases(names, {name: values for name, values in columns.items() if values is not None}, sets, detections)


def _numbers(texts: Sequence[str]) -> np.ndarray | None:
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return None
