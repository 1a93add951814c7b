"""The curve of a training, epoch by epoch, as it is kept beside its record: ``trainings/<config>_seed<n>.csv`` of a project."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from mmsight.engine.report import training_log
from mmsight.errors import InputError
from mmsight.files import complete_file, make_folder

Curve = dict[str, list[tuple[int, float]]]
"""Name of a logged value to (epoch, value), in the order of the epochs."""


def epoch_means(work_dir: Path, keys: Sequence[str]) -> Curve:
    """Means of logged values over the epochs of the newest training in a work-dir.

    What a validation logs belongs to the epoch that was trained before it, and to epoch 0 if none was.

    Args:
        work_dir (Path): Of ``tools/train.py``.
        keys (Sequence[str]): Names of logged values.

    Raises:
        InputError: If there is no log by epochs, a value is not in it, or it begins in the middle of the training.
    """
    rows = training_log(work_dir)
    first = next((row['epoch'] for row in rows if 'epoch' in row), None)
    if first is None:
        raise InputError(f'{work_dir} has no log of a training by epochs')
    if first != 1:
        raise InputError(f'the newest log of {work_dir} begins in epoch {first}: a curve is kept of a training without a break')
    found: dict[str, dict[int, list[float]]] = {key: defaultdict(list) for key in keys}
    epoch = 0
    for row in rows:  # in the order of time
        epoch = row.get('epoch', epoch)
        for key in row.keys() & found.keys():
            found[key][epoch].append(row[key])
    for key, epochs in found.items():
        if not epochs:
            raise InputError(f"{work_dir} has no logged '{key}'; it has {', '.join(sorted(set().union(*rows)))}")
    return {key: [(epoch, mean(values)) for epoch, values in epochs.items()] for key, epochs in found.items()}


def write_curve(curve: Curve, path: Path) -> None:
    """Write a CSV with a line an epoch, a column a value, and nothing where a value was not logged in an epoch."""
    lines: dict[int, dict[str, str]] = defaultdict(dict)
    for name, points in curve.items():
        for epoch, value in points:
            lines[epoch][name] = f'{value:.6g}'
    make_folder(path.parent)
    with complete_file(path) as scratch, scratch.open('w', newline='') as file:
        writer = csv.DictWriter(file, ['epoch', *curve], restval='', lineterminator='\n')
        writer.writeheader()
        writer.writerows(dict(lines[epoch], epoch=epoch) for epoch in sorted(lines))


def read_curve(path: Path) -> Curve:
    """Read what :func:`write_curve` wrote.

    Raises:
        InputError: If it is no such file.
    """
    try:
        with path.open(newline='') as file:
            rows = list(csv.DictReader(file))
        return {name: [(int(row['epoch']), float(row[name])) for row in rows if row[name] != '']
                for name in rows[0] if name != 'epoch'}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f'{path} is no curve of a training as `analyze_logs.py write_curve` makes them: {error!r}') from error
