"""Read NIfTI files, and write masks back in the geometry of their volume."""

import gzip
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.memory import check_memory
from mmsight.reading import reading

from .volume import SHEAR, Volume, from_lps, shear_of, to_lps

SUFFIXES = ('.nii', '.nii.gz')
_UNITS = {1: ('metres', 1000.0), 3: ('micrometres', 0.001)}
"""Code in the lower bits of ``xyzt_units``: its name, and mm to a unit. Others are mm, or not stated, which means mm."""


def read_nifti(path: Path, scratch: Path | None = None) -> Volume:
    """Read a NIfTI file of one volume, without looking at its values.

    Further axes of length 1 are dropped; lengths are turned into mm from the unit that the header names. What is packed is
    unpacked into the folder ``scratch``, if it is given, and memory-mapped like other files.

    Raises:
        InputError: If it cannot be read, is no single volume or has no geometry.
    """
    if not path.is_file():
        raise InputError(f'{path}: the file does not exist')
    with reading(path, 'NIfTI'):
        image = _load(path)
        if _is_packed(path):  # others are memory-mapped
            size = math.prod(image.shape) * image.dataobj.dtype.itemsize
            parts = _unpacked(path, image.dataobj.offset + size)
            if scratch is None:
                check_memory(path, size, f'a volume of {image.shape}')
                for _ in parts:
                    pass
            else:
                image = _load(_written(parts, scratch / path.stem))
        stored = image.dataobj.get_unscaled()
    if stored.ndim > 3 and set(stored.shape[3:]) == {1}:
        stored = stored.reshape(stored.shape[:3])
    if stored.ndim != 3:
        raise InputError(f'{path}: one volume of 3 axes is expected, found {stored.ndim} axes, {stored.shape}')
    if stored.dtype.kind not in 'iuf':
        raise InputError(f'{path}: real numbers are expected, found {stored.dtype}')
    unit, factor = _UNITS.get(int(image.header['xyzt_units']) & 7, ('mm', 1.0))
    affine = np.diag([factor, factor, factor, 1]) @ image.affine
    warnings = _form_warnings(image.header, path)
    if factor != 1:
        warnings.append(f'{path}: the header gives lengths in {unit}, which were turned into mm')
    return Volume(path, to_lps(stored, affine, path), image.dataobj.slope, image.dataobj.inter, affine, image.header,
                  warnings=tuple(warnings))


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == '.gz'


def _load(path: Path) -> Any:
    loaded = nib.load(path)
    if not isinstance(loaded, nib.Nifti1Pair):
        raise InputError(f'{path}: the file is {type(loaded).__name__}, and NIfTI is expected')
    return loaded


def _unpacked(path: Path, size: int) -> Iterator[bytes]:
    """What is packed in a file, to its end, where its checksum stands: nibabel stops behind the last voxel.

    Raises:
        ValueError: If it is much more than the ``size`` that its header says.
    """
    count = 0
    with gzip.open(path) as file:
        while part := file.read(2**20):
            count += len(part)
            if count > size + 2**24:
                raise ValueError(f'it unpacks to more than the {size} bytes of its volume')
            yield part


def _written(parts: Iterator[bytes], path: Path) -> Path:
    """Write what was unpacked, so that it can be memory-mapped."""
    for part in parts:
        with path.open('ab') as file:
            try:
                file.write(part)
            except OSError as error:
                raise InputError(f'{path}: the volume cannot be unpacked here: {error.strerror}') from error
    return path


def _form_warnings(header: Any, path: Path) -> list[str]:
    """What to say where the header leaves the orientation open."""
    sform, qform = header.get_sform(coded=True)[0], header.get_qform(coded=True)[0]
    if sform is None and qform is None:
        axes = ''.join(nib.aff2axcodes(header.get_best_affine()))
        return [f'{path}: the header has neither sform nor qform, so that left and right, front and back, head and feet are '
                f'unknown; {axes} was assumed (the axes run towards these letters), and if that is wrong, so is the result']
    if sform is not None and qform is not None and (
            np.abs(sform - qform)[:3, :3].max() > 0.02 * np.abs(sform[:3, :3]).max() or np.abs(sform - qform)[:3, 3].max() > 1):
        return [f'{path}: sform and qform of the header differ; sform was used, and other programs may use qform']
    return []


def write_mask(volume: Volume, mask: np.ndarray, path: Path) -> None:
    """Write a mask as NIfTI with the affine and the unit of its volume's file, under its name only once it is complete.

    Args:
        volume (Volume): What was segmented.
        mask (np.ndarray): uint8 (slices, H, W), as ``volume.data``.
        path (Path): ``.nii`` or ``.nii.gz``.

    Raises:
        InputError: If it cannot be written.
    """
    header = None if volume.header is None else volume.header.copy()
    affine = volume.affine if header is None else header.get_best_affine()
    kind = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    image = kind(from_lps(mask, volume.affine), affine, header, dtype=np.uint8)
    image.header.set_slope_inter(1, 0)
    if header is None:
        image.header.set_xyzt_units('mm')
        if shear_of(volume.steps) <= SHEAR:  # a qform cannot say a shear, and would pass for the truth
            image.set_qform(affine, code='scanner')
    with complete_file(path) as scratch:
        nib.save(image, scratch)
