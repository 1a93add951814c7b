"""One guard around every reader: whatever a library raises over a file becomes one sentence with the file's name."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmsight.errors import InputError

_PROGRAM = (AssertionError, AttributeError, ImportError, LookupError, NameError, NotImplementedError, TypeError)
"""What a program's own fault raises. From a line of MMSight it is a bug; from a library's, the file has led it there."""


class FormatError(ValueError):
    """A file is whole, but of a format that is not read; the message goes on after the file's name."""


@contextmanager
def reading(path: str | Path, kind: str) -> Iterator[None]:
    """Read a file with a library: what the library raises becomes :class:`InputError`; a fault of MMSight stays what it is.

    Only regular files are read: a pipe or a device may never end.

    Args:
        path (str | Path): Begins the sentence. What does not exist here, such as a URI, is left to the reader.
        kind (str): What the file should be, with its article: ``'an image'``.

    Raises:
        InputError: If the file cannot be read, or is not what it should be.
    """
    try:
        check_regular(path)
        yield
    except InputError:
        raise
    except FormatError as error:
        raise InputError(f'{path}: {error}') from None
    except MemoryError as error:
        raise InputError(f'{path}: there is not enough memory for this file') from error
    except RecursionError as error:
        raise InputError(f'{path}: the file is damaged, or nested too deeply') from error
    except Exception as error:
        if is_bug(error):
            raise
        if isinstance(error, OSError) and error.strerror is not None:
            raise InputError(f'{path}: the file cannot be read: {error.strerror}') from error
        reason = _reason(error)
        raise InputError(f'{path}: the file is damaged, or not {kind}{reason and f": {reason}"}') from error


def is_bug(error: BaseException) -> bool:
    """Whether an error is a fault of MMSight itself: one that programs make, raised by a line of its own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = '' if trace is None else str(trace.tb_frame.f_globals.get('__name__'))
    return isinstance(error, _PROGRAM) and module.partition('.')[0] == __name__.partition('.')[0]


def _reason(error: BaseException) -> str:
    """The first sentence of what a library says to users; nothing where it only says how it failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, _PROGRAM):
        return ''
    text = str(getattr(error, 'err', None) or error).strip()  # OpenCV's own words are in `err`
    first = re.split(r'\.\s|\n|, use |; use ', text, maxsplit=1)[0]
    return ''.join(char if char.isprintable() else '?' for char in first[:200]).rstrip('.: ')


def check_regular(path: str | Path) -> None:
    """Refuse what exists and is no regular file.

    Raises:
        InputError: If it is a folder, a pipe, a socket or a device.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # which its reader will say
        return
    if not stat.S_ISREG(mode):
        kind = 'folder' if stat.S_ISDIR(mode) else 'pipe' if stat.S_ISFIFO(mode) else 'device or socket'
        raise InputError(f'{path}: the file cannot be read: it is a {kind}')


def read_bytes(path: str | Path, kind: str) -> bytes:
    """The content of a regular file; InputError as :func:`reading`."""
    with reading(path, kind):
        return Path(path).read_bytes()
