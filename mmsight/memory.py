"""How much memory one input may take: its header says what it needs, and that is compared before it is read."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from mmsight.errors import InputError

VARIABLE = 'MMSIGHT_MAX_MEMORY'
"""Environment variable of the budget in GB, which the processes that a command starts inherit."""
DEFAULT = 4.0
GB = 2**30
_MMAP_THRESHOLD = -3
"""In ``malloc.h``."""


def set_budget(gigabytes: float) -> None:
    """Allow one input so much memory, in this process and in those that it starts.

    Raises:
        InputError: If it is no positive number.
    """
    if not 0 < gigabytes < float('inf'):
        raise InputError(f'--max-memory must be a positive number of GB, found {gigabytes:g}')
    os.environ[VARIABLE] = str(gigabytes)


def budget() -> int:
    """Bytes that one input may take.

    Raises:
        InputError: If the environment variable holds no positive number.
    """
    text = os.environ.get(VARIABLE, DEFAULT)
    try:
        found = float(text) * GB
    except ValueError:
        found = 0.0
    if not 0 < found < float('inf'):
        raise InputError(f"{VARIABLE} must be a positive number of GB, found '{text}'")
    return int(found)


def return_large_blocks() -> None:
    """Let this process take each block above 1 MB from the system, and give it back once it is freed.

    By default the C library of Linux comes to keep blocks up to 32 MB in its heap, where small ones that live longer lie
    between them: 0.3 GB in a scene of 10,000 x 10,000. Other C libraries do not offer it, and nothing changes.
    """
    with suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, 2**20)
    return_free_memory()


def return_free_memory() -> None:
    """Give the system what is free in this process's heap between blocks in use: 0.16 GB after a scene of 10,000 x 10,000."""
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def check_memory(path: str | Path, size: float, what: str) -> None:
    """Refuse what takes more than the budget.

    Args:
        path (str | Path): Begins the sentence.
        size (float): Bytes.
        what (str): What takes them, e.g. ``'an image of 9 x 9 pixels'``.

    Raises:
        InputError: If it is above the budget.
    """
    if size > (most := budget()):
        raise InputError(f'{path}: {what} takes {size / GB:.3g} GB of memory, and {most / GB:.3g} GB are allowed: raise that '
                         f'with --max-memory or {VARIABLE}, if you have as much')
