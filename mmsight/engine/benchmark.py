"""Rows of a benchmark: our time, theirs in the same process, and the bound that their ratio has to keep."""

import operator
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mmsight.errors import InputError

_SIGNS = {'>=': operator.ge, '<=': operator.le}


@dataclass(frozen=True)
class Row:
    """One comparison.

    Args:
        name (str): What is measured.
        ours (float): Our value.
        theirs (float): The value to compare with.
        theirs_is (str): What ``theirs`` is, e.g. ``mmdet CenterNetHead.get_targets``.
        unit (str): Unit of both values.
        bound (str): ``>= 30`` or ``<= 1.25``: what ``ratio`` has to keep.
        speedup (bool): The ratio is theirs / ours (times as fast) instead of ours / theirs.
    """

    name: str
    ours: float
    theirs: float
    theirs_is: str
    unit: str
    bound: str
    speedup: bool = False

    @property
    def ratio(self) -> float:
        """``ours / theirs``, or ``theirs / ours`` of a speed-up."""
        return self.theirs / self.ours if self.speedup else self.ours / self.theirs

    @property
    def ok(self) -> bool:
        """Whether the ratio keeps the bound."""
        sign, value = self.bound.split()
        return bool(_SIGNS[sign](self.ratio, float(value)))

    def record(self) -> dict[str, Any]:
        """The row as it is written to JSON."""
        names = ('name', 'ours', 'theirs', 'theirs_is', 'unit', 'ratio', 'bound', 'ok')
        return {name: getattr(self, name) for name in names}


def peak_memory() -> float:
    """Most memory in MB that this program held so far; Linux.

    getrusage would count what the process held before the program began, which a process that starts another hands on.
    """
    found = re.search(r'VmHWM:\s+(\d+) kB', Path('/proc/self/status').read_text())
    assert found, 'Linux writes VmHWM for every process'
    return int(found[1]) / 1024


def check_device(device: str) -> None:
    """Raises InputError for a GPU where there is none."""
    if device == 'cuda' and not torch.cuda.is_available():
        raise InputError('there is no GPU that PyTorch can use: leave out --device, or run `mmsight doctor`')


def interleave(calls: Mapping[str, Callable[[], Any]], repeats: int = 10, warmup: int = 2) -> dict[str, float]:
    """Time calls in turn, so that a slow phase of the machine falls on all of them.

    Args:
        calls (Mapping[str, Callable]): Name to a call without arguments.
        repeats (int): Timed rounds over all calls.
        warmup (int): Rounds before them that are not timed.

    Returns:
        dict[str, float]: Name to median seconds. On CUDA each call is timed until the device is idle.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(warmup + repeats):
        for name, call in calls.items():
            _synchronise()
            begin = time.perf_counter()
            call()
            _synchronise()
            if turn >= warmup:
                seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
