"""Input files by path, folder or pattern; output files that appear under their name only once they are complete."""

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmsight.errors import InputError, OutputError

IMAGES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')
RASTERS = ('.tif', '.tiff', '.jp2')
"""Endings of files that are read as rasters, window by window (:mod:`mmsight.rasters`)."""


def list_files(inputs: Sequence[str | Path], suffixes: Sequence[str]) -> list[Path]:
    """The files that the user means.

    Args:
        inputs (Sequence[str | Path]): Files, folders (their files with one of the suffixes) and patterns such as ``'*.tif'``.
        suffixes (Sequence[str]): Lower-case endings looked for in folders. A file named directly may have any suffix.

    Returns:
        list[Path]: In the order of ``inputs``, sorted within a folder or pattern, each file once.

    Raises:
        InputError: If an input does not exist, or a folder or pattern has no such file.
    """
    found: dict[Path, None] = {}
    for item in inputs:
        path = Path(item)
        if path.is_dir():
            hits = sorted(file for file in path.iterdir() if file.name.lower().endswith(tuple(suffixes))
                          and not file.name.startswith('.'))
            if not hits:
                raise InputError(f"{path}: the folder contains no file that ends in {', '.join(suffixes)}")
        elif path.is_file():
            hits = [path]
        else:
            hits = sorted(Path(hit) for hit in glob.glob(str(item), recursive=True) if Path(hit).is_file())
            if not hits:
                raise InputError(f'{item}: no such file or folder, and no file matches it as a pattern')
        found.update(dict.fromkeys(hits))
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
    scratch = path.with_name(f'.{os.getpid()}-{path.name}')
    try:
        yield scratch
        _write_through(scratch)
        scratch.replace(path)
        _write_through(path.parent)
    except OSError as error:
        raise OutputError(f'{path}: the file cannot be written: {error.strerror or error}') from error
    finally:
        scratch.unlink(missing_ok=True)


def _write_through(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
