"""Splits by case, never by slice: neighbouring slices of one patient are nearly equal."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmsight.errors import InputError
from mmsight.json_files import read_json


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
    if not path.is_file():
        raise InputError(f'{path}: the split file does not exist: tools/dataset_converters/slice_liver_ct.py writes it')
    splits = read_json(path)
    if not isinstance(splits, dict) or not splits.get(split):
        known = ', '.join(name for name in splits if name != 'seed') if isinstance(splits, dict) else 'none'
        raise InputError(f"{path}: there is no split '{split}', or it is empty; it has {known}")
    names: list[str] = splits[split]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}: the split '{split}' must be a list of the names of cases")
    return names
