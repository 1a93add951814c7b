"""The slice cache: one ``<case>.npy`` a volume, memory-mapped, and one ``index.json`` that describes them.

A voxel is 16 bits: the lower 12 hold the HU + 1024 clipped to 0..4095, which is what a CT scanner stores, the next 2 the label
0, 1 or 2. Arrays are (slices, H, W) in the orientation in which radiologists read them: slices from feet to head, rows from
front to back, columns from the patient's right to left.
"""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.json_files import read_json, write_json
from mmsight.reading import reading

ORIENTATION = 'LPS'
"""Directions in which columns, rows and slices run: towards left, posterior and superior."""
_OFFSET, _HU, _LABEL_SHIFT = 1024, 0x0FFF, 12


def pack(hu: np.ndarray, label: np.ndarray | None = None) -> np.ndarray:
    """HU (any real type, rounded) and labels 0-2 of the same shape as uint16."""
    packed = (np.rint(hu).clip(-_OFFSET, _HU - _OFFSET) + _OFFSET).astype(np.uint16)
    return packed if label is None else packed | (label.astype(np.uint16) << _LABEL_SHIFT)


def unpack_hu(packed: np.ndarray) -> np.ndarray:
    """HU, int16."""
    return (packed & _HU).astype(np.int16) - _OFFSET


def unpack_label(packed: np.ndarray) -> np.ndarray:
    """Labels 0 (background), 1 (liver) and 2 (tumour), uint8."""
    return (packed >> _LABEL_SHIFT).astype(np.uint8)


@functools.lru_cache(maxsize=512)
def open_case(path: str) -> np.ndarray:
    """A cached case, uint16 (slices, H, W), memory-mapped; each process opens it once.

    Raises:
        InputError: If the file is missing or damaged.
    """
    try:
        with reading(path, 'a cached case'):
            case = np.load(path, mmap_mode='r')
            if case.dtype != np.uint16 or case.ndim != 3:
                raise ValueError(f'it holds {case.dtype} of {case.ndim} axes')
            return case
    except InputError as error:
        raise InputError(f'{error}; make it again with tools/dataset_converters/slice_liver_ct.py') from error


def write_case(folder: Path, name: str, packed: np.ndarray) -> str:
    """Write ``<name>.npy``, under its name only once it is complete; returns its SHA-256."""
    with complete_file(folder / f'{name}.npy') as scratch:
        np.save(scratch, packed)
        return file_digest(scratch)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') else hashlib.sha256(
            file.read()).hexdigest()


def read_index(folder: Path) -> dict[str, dict]:
    """Case to its entry.

    An entry has ``shape``, ``spacing`` (z, y, x) in mm, ``orientation``, ``source_affine`` (to mm), ``source_sha256`` (of what
    was converted), ``rescale`` (slope and intercept that made HU of its values, or null), ``sha256`` (of the cache file) and
    ``liver_share`` of each slice.

    Raises:
        InputError: If there is no readable index.
    """
    path = folder / 'index.json'
    if not path.is_file():
        raise InputError(f'{path}: there is no index of the cache: make it with tools/dataset_converters/slice_liver_ct.py')
    index: dict[str, dict] = read_json(path)
    if not isinstance(index, dict):
        raise InputError(f'{path}: the index of the cache must be an object')
    for name, entry in index.items():
        lists = isinstance(entry, dict) and all(
            isinstance(entry.get(key), list) for key in ('shape', 'spacing', 'source_affine', 'liver_share'))
        if not lists or len(entry['shape']) != 3 or 'sha256' not in entry:
            raise InputError(f"{path}: the entry of case '{name}' lacks its shape, spacing, source_affine, liver_share or "
                             'sha256: make it again with tools/dataset_converters/slice_liver_ct.py')
    return index


def write_index(folder: Path, index: Mapping[str, dict]) -> None:
    """Replace the index in one step."""
    write_json(folder / 'index.json', index)
