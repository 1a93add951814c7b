"""Finds the checkpoint from which a training resumes, the newest complete one; no checkpoint is ever overwritten."""

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mmsight.engine.safe_load import load_weights
from mmsight.errors import InputError


class Resumable(NamedTuple):
    """What :func:`find_resumable` found.

    Attributes:
        checkpoint (Path, optional): The newest checkpoint that is whole.
        damaged (dict[Path, str]): Newer ones, or all if none is whole, to what is wrong with each.
    """

    checkpoint: Path | None
    damaged: dict[Path, str]


def find_resumable(work_dir: Path) -> Resumable:
    """Look for the newest checkpoint of a work-dir that can be read to its last byte.

    The newest is the one with the most iterations: when a folder is copied, its files may all become of one age. The
    checkpoints themselves are looked at. ``last_checkpoint`` only adds one of another name or folder: after a kill it may
    be missing, empty or behind.
    """
    damaged: dict[Path, str] = {}
    for path in sorted(list_checkpoints(work_dir), key=_age, reverse=True):
        fault = find_fault(path)
        if fault is None:
            return Resumable(path, damaged)
        damaged[path] = fault
    return Resumable(None, damaged)


def list_checkpoints(work_dir: Path) -> set[Path]:
    """Those that a training saved at intervals; the best ones lack the state of the optimizer."""
    found = {path for pattern in ('epoch_*.pth', 'iter_*.pth', 'resume_*.pth') for path in work_dir.glob(pattern)}
    pointer = work_dir / 'last_checkpoint'
    text = pointer.read_text(errors='replace').strip() if pointer.is_file() else ''
    if text and '\0' not in text and len(text) < 4096:
        # after a work-dir was moved, the path in it is that of the old place
        found |= {path for path in (Path(text), work_dir / Path(text).name) if path.suffix == '.pth'}
    return {path.resolve() for path in found if path.is_file()}


def iterations(path: Path) -> float:
    """Iterations before a checkpoint was saved; infinitely many if it does not say, so that what is damaged is looked at."""
    try:
        return int(load_weights(str(path), 'cpu', mmap=True)['meta']['iter'])  # without its tensors
    except (InputError, LookupError, TypeError, ValueError):
        return math.inf


def _age(path: Path) -> tuple[float, int, int]:
    """Sorts checkpoints from the oldest to the newest."""
    digits = ''.join(filter(str.isdigit, path.stem))
    return iterations(path), path.stat().st_mtime_ns, int(digits) if digits else 0


def find_fault(path: Path) -> str | None:
    """What keeps a training from going on from a checkpoint; None if nothing does.

    Checked are its checksums, and that it has what the runner resumes.
    """
    try:
        content = load_weights(str(path), 'cpu')
    except InputError as error:
        return str(error)
    if not isinstance(content, dict) or not {'state_dict', 'message_hub', 'meta'} <= content.keys():
        return 'it holds no state of a training'
    return None


def set_aside(path: Path) -> Path:
    """Rename a damaged checkpoint, so that the training does not write over it; returns its new path."""
    target, number = path.with_name(f'{path.name}.damaged'), 1
    while target.exists():
        number += 1
        target = path.with_name(f'{path.name}.damaged-{number}')
    return path.rename(target)


def put_away(work_dir: Path, checkpoints: Iterable[Path]) -> Path:
    """Move checkpoints of an earlier training, what points to them and its result to a folder of their own; returns it."""
    stamp = time.strftime('%Y%m%d_%H%M%S')
    folder, number = work_dir / f'earlier_{stamp}', 1
    while folder.exists():
        number += 1
        folder = work_dir / f'earlier_{stamp}-{number}'
    folder.mkdir()
    for path in [*checkpoints, work_dir / 'last_checkpoint', work_dir / 'result.json']:
        if path.is_file():
            path.rename(folder / path.name)
    return folder
