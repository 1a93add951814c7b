"""Input files by path, folder or pattern; output files that appear under their name only once they are complete."""

import hashlib
import itertools
import os
import platform
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mmsight.errors import InputError, OutputError
from mmsight.reading import check_regular

IMAGES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')
RASTERS = ('.tif', '.tiff', '.jp2')
"""Endings of files that are read as rasters, window by window (:mod:`mmsight.rasters`)."""
PRODUCT, MANIFEST = '.safe', 'manifest.safe'
"""Ending of a folder that is one input where a task reads such products, and the file in it that people name instead."""
MOST_FILES = 10**6
"""Files that a pattern may match."""
_SCRATCH = re.compile(r'\.([0-9a-f]{8})-(\d+)-')
"""What the name of an unfinished file or folder begins with: a hash of its machine, and its process."""


def list_files(inputs: Sequence[str | Path], suffixes: Sequence[str]) -> list[Path]:
    """The files that the user means.

    Args:
        inputs (Sequence[str | Path]): Files, folders (their files with one of the suffixes) and patterns such as ``'*.tif'``.
        suffixes (Sequence[str]): Lower-case endings looked for in folders. A file named directly may have any suffix.

    Returns:
        list[Path]: In the order of ``inputs``, sorted within a folder or pattern, each file once. A folder is among them
            only where it is a product of Sentinel-1 and ``suffixes`` have :data:`PRODUCT`.

    Raises:
        InputError: If an input does not exist or is no regular file, or a folder or pattern has no such file, or too many.
    """
    found: dict[Path, None] = {}
    for item in inputs:
        try:
            found.update(dict.fromkeys(_files_of(Path(item), tuple(suffixes))))
        except OSError as error:  # a folder that may not be read, a name that is too long
            raise InputError(f'{item}: the files cannot be listed: {error.strerror}') from error
    return list(found)


def images_by_stem(folder: Path, suffixes: Sequence[str] = IMAGES) -> dict[str, Path]:
    """Images of a folder by their name without suffix, sorted; none if there is no such folder.

    Raises:
        InputError: If two differ in nothing but their suffix.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() not in suffixes or path.name.startswith('.'):
            continue
        if (other := found.setdefault(path.stem, path)) != path:
            raise InputError(f'{path}: {other.name} in this folder has the same name: remove one of both')
    return found


def _files_of(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files that one input names."""
    if PRODUCT in suffixes and path.name == MANIFEST and path.is_file():
        return [path.absolute().parent]
    if not path.is_dir():
        check_regular(path)
        return [path] if path.exists() else _matches(path)
    if PRODUCT in suffixes and (path.suffix.lower() == PRODUCT or (path / MANIFEST).is_file()):
        return [path]
    hits = sorted(file for file in path.iterdir() if file.name.lower().endswith(suffixes) and not file.name.startswith('.'))
    if not hits:
        raise InputError(f"{path}: the folder contains no file that ends in {', '.join(suffixes)}")
    return hits


def _matches(pattern: Path) -> list[Path]:
    """Files that a pattern names, sorted; ``**`` follows no links, which may lead round in circles."""
    root = Path(pattern.anchor)
    try:
        there = (path for path in root.glob(str(pattern.relative_to(root))) if not path.name.startswith('.')
                 and (path.is_file() or path.suffix.lower() == PRODUCT))
        hits = sorted(itertools.islice(there, MOST_FILES + 1))
    except (ValueError, RecursionError) as error:
        raise InputError(f'{pattern}: no such file or folder, and no pattern: {error}') from error
    if not hits:
        raise InputError(f'{pattern}: no such file or folder, and no file matches it as a pattern')
    if len(hits) > MOST_FILES:
        raise InputError(f'{pattern}: more than {MOST_FILES} files match this pattern: name a part of them')
    return hits


def make_folder(path: str | Path) -> Path:
    """Make a folder and those above it.

    Raises:
        OutputError: If that cannot be done.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f'{path}: the folder cannot be made: {error.strerror}') from error
    return Path(path)


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Give a scratch path beside ``path``, and move it there when the block has ended without an error.

    Neither a kill, a full disk nor a loss of power leaves half a file under the final name.

    Raises:
        OutputError: If the file cannot be written, e.g. because no space is left.
    """
    # the whole name at the end: writers choose their format by it
    scratch = path.with_name(f'{scratch_prefix()}{path.name}')
    try:
        yield scratch
        _write_through(scratch)
        scratch.replace(path)
        _write_through(path.parent)
    except OSError as error:
        raise OutputError(f'{path}: the file cannot be written: {error.strerror or error}') from error
    finally:
        scratch.unlink(missing_ok=True)


def scratch_prefix() -> str:
    """What the names of this process's unfinished files and folders begin with; see :func:`remove_leftovers`."""
    return f'.{_machine()}-{os.getpid()}-'


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes of this machine have left unfinished in a folder.

    Other machines may write to the same folder: whether their processes live cannot be known here.
    """
    for path in folder.glob('.*'):
        found = _SCRATCH.match(path.name)
        if found and found[1] == _machine() and not _is_alive(int(found[2])):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):  # of another user
                    path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user; or no process at all
        return True
    return True


def _write_through(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
