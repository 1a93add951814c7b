"""``per_case.csv`` beside a run's log: the measures of each test case, which a report picks its best and worst from."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger


def write_per_case(rows: Sequence[dict[str, Any]], score: str) -> None:
    """Write one line a case, in a run that has a log file.

    Args:
        rows (Sequence[dict]): With ``case``, the name of the case and of its picture without suffix, and measures.
        score (str): The measure that cases are ranked by, higher is better; it is the second column.
    """
    log = MMLogger.get_current_instance().log_file
    if not log or not rows:
        return
    names = dict.fromkeys(['case', score, *max(rows, key=len)])
    with Path(log).with_name('per_case.csv').open('w', newline='') as file:
        writer = csv.DictWriter(file, list(names), restval='')
        writer.writeheader()
        writer.writerows(rows)


def read_per_case(path: Path) -> tuple[str, dict[str, float]]:
    """The score's name, and case to score, best first; cases without a score are left out."""
    with path.open(newline='') as file:
        reader = csv.reader(file)
        score = next(reader)[1]
        scores = {row[0]: float(row[1]) for row in reader if row[1]}
    return score, dict(sorted(scores.items(), key=lambda item: -item[1]))
