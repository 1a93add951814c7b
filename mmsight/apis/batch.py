"""Many inputs at a time: where their results go, which of them failed, and the other processes of ``torchrun``."""

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch.distributed

from mmsight.errors import InputError

LONGEST_NAME = 255 - 32
"""Bytes of a result's name: file systems take 255, and an unfinished file has a prefix."""


class BatchError(InputError):
    """Some inputs of several failed; the others are done.

    Args:
        failures (Mapping[str, str]): Each input that failed, and a sentence on the reason.
        results (dict): What the call would have returned without them.
        count (int): Number of all inputs.
    """

    def __init__(self, failures: Mapping[str, str], results: dict, count: int) -> None:
        self.failures, self.results = dict(failures), results
        super().__init__(f"{len(failures)} of {count} inputs failed: {'; '.join(failures.values())}")


def place_results(items: Sequence[Any], names: Sequence[str], folders: Sequence[Sequence[Path]]) -> list[Path]:
    """In which folder below that of the results those of each input go: in that folder itself if all names differ.

    Where two inputs have the same name, the results of all mirror the folders of the inputs, from the lowest one that holds
    them all.

    Args:
        items (Sequence[Any]): The inputs.
        names (Sequence[str]): What the names of their results begin with.
        folders (Sequence[Sequence[Path]]): The folder of each file of an input: one, or two of a pair.

    Raises:
        InputError: If two inputs of one folder have the same name.
    """
    if len(set(names)) == len(names):
        return [Path() for _ in names]
    columns = []
    for column in zip(*folders, strict=True):
        whole = [os.path.abspath(folder) for folder in column]
        top = os.path.commonpath(whole)
        columns.append([os.path.relpath(folder, top) for folder in whole])
    # the files of a pair often lie in folders of one name, which is said once
    places = [Path(*dict.fromkeys(parts)) for parts in zip(*columns, strict=True)]
    first: dict[tuple[Path, str], Any] = {}
    for item, key in zip(items, zip(places, names, strict=True), strict=True):
        if (other := first.setdefault(key, item)) != item:
            raise InputError(f'{item} and {other} have the same name, so their results would collide: rename one, or use '
                             'another --out-dir for each')
    return places


def check_outputs(paths: Mapping[Path, Any], inputs: Sequence[Path]) -> None:
    """Refuse names of results that cannot be written.

    Args:
        paths (Mapping[Path, Any]): Every path that may be written, and the input whose result it is.
        inputs (Sequence[Path]): Files that are read.

    Raises:
        InputError: If one is a folder, is an input, or is longer than a file's name may be.
    """
    read = {os.path.abspath(path) for path in inputs}
    for path, item in paths.items():
        if os.path.abspath(path) in read:
            raise InputError(f'{path}: this result of {item} would replace an input: choose another --out-dir')
        if path.is_dir():
            raise InputError(f'{path}: a result of {item} is to be written here, and a folder has this name: move it, or '
                             'choose another --out-dir')
        if len(os.fsencode(path.name)) > LONGEST_NAME:
            raise InputError(f'{item}: the name is too long for its results, such as {path.name}: rename it')


def share_of(items: Sequence[Any]) -> Sequence[Any]:
    """What this process does: all, or its share under ``torchrun``."""
    return items[int(os.environ.get('RANK', 0))::int(os.environ.get('WORLD_SIZE', 1))]


def wait_for_others() -> None:
    """Under ``torchrun``, wait until every process is done: it ends all of them as soon as one has failed."""
    if int(os.environ.get('WORLD_SIZE', 1)) > 1 and torch.distributed.is_torchelastic_launched():
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group('gloo', timeout=datetime.timedelta(days=30))
        torch.distributed.barrier()
