"""Splits by case, never by slice: neighbouring slices of one patient are nearly equal."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmsight.errors import InputError


def split_cases(cases: Iterable[str], seed: int = 0) -> dict[str, list[str]]:
    """Random 8:2 split into ``train`` and ``val``, the same on every machine: 105 and 26 of LiTS' 131 cases.

    *Deviation*: the paper splits 130 labelled cases 8:2, counts LiTS' 70 unlabelled cases as its test set, and publishes
    no ids.
    """
    names = sorted(cases)
    order = np.random.default_rng(seed).permutation(len(names))
    count = round(0.8 * len(names))
    return dict(train=sorted(names[i] for i in order[:count]), val=sorted(names[i] for i in order[count:]))


def write_splits(path: Path, splits: dict[str, list[str]], seed: int | None = None) -> str:
    """Write the split file; returns its SHA-256."""
    content = json.dumps(dict(seed=seed, **splits), indent=1) + '\n'
    path.write_text(content)
    return hashlib.sha256(content.encode()).hexdigest()


def read_split(path: Path, split: str) -> list[str]:
    """The cases of one split.

    Raises:
        InputError: If the file is missing or has no such split.
    """
    try:
        splits = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f'{path}: the split file cannot be read: {error.strerror}; tools/dataset_converters/slice_liver_ct.py '
                         'writes it') from error
    except ValueError as error:
        raise InputError(f'{path}: the split file is not well-formed json: {error}') from error
    if not splits.get(split):
        known = ', '.join(name for name in splits if name != 'seed')
        raise InputError(f"{path}: there is no split '{split}', or it is empty; it has {known}")
    return splits[split]
