"""Find and read CT volumes with their masks: LiTS, MSD Task03 and CHAOS as they are published."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmsight.errors import InputError
from mmsight.pictures import read_image

from .cache import file_digest
from .ct import read_volume
from .nifti import read_nifti
from .volume import Volume, to_lps


@dataclass(frozen=True)
class Case:
    """A volume with its mask.

    Attributes:
        name (str): Unique among the cases of a cache.
        volume (Path): NIfTI file, or folder of a DICOM series.
        mask (Path): NIfTI file, or folder of PNG slices.
    """

    name: str
    volume: Path
    mask: Path

    def digest(self) -> str:
        """SHA-256 over all of its files."""
        digest = hashlib.sha256()
        for part in (self.volume, self.mask):
            for path in sorted(file for file in part.rglob('*') if file.is_file()) if part.is_dir() else [part]:
                digest.update(file_digest(path).encode())
        return digest.hexdigest()


def find_lits(root: Path) -> list[Case]:
    """LiTS: ``volume-N.nii`` and ``segmentation-N.nii``, also ``.nii.gz``, anywhere below ``root``."""
    return _pairs(_numbered(root, 'volume-'), _numbered(root, 'segmentation-'), root, 'volume-')


def find_msd(root: Path) -> list[Case]:
    """MSD Task03: ``imagesTr/liver_N.nii.gz`` and ``labelsTr/liver_N.nii.gz``."""
    return _pairs(_numbered(root / 'imagesTr', 'liver_'), _numbered(root / 'labelsTr', 'liver_'), root, 'liver_')


def find_chaos(root: Path) -> list[Case]:
    """CHAOS CT: ``<case>/DICOM_anon/*.dcm`` and ``<case>/Ground/*.png``, one PNG a slice in the order of the names."""
    folders = sorted({path.parent for name in ('DICOM_anon', 'Ground') for path in root.rglob(name) if path.is_dir()},
                     key=lambda path: (len(path.name), path.name))
    for folder in folders:
        for name in ('DICOM_anon', 'Ground'):
            if not (folder / name).is_dir():
                raise InputError(f'{folder}: the folder {name} is missing')
    if not folders:
        raise InputError(f'{root}: no folder with DICOM_anon and Ground was found')
    return [Case(f'chaos-{folder.name}', folder / 'DICOM_anon', folder / 'Ground') for folder in folders]


LAYOUTS: dict[str, Callable[[Path], list[Case]]] = dict(lits=find_lits, msd=find_msd, chaos=find_chaos)
"""Name of a published layout to what finds its cases."""


def _numbered(root: Path, prefix: str) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path in sorted(root.rglob('*')):
        match = re.fullmatch(prefix + r'(\d+)\.nii(\.gz)?', path.name, re.IGNORECASE)
        if match and int(match[1]) in found:
            raise InputError(f'{path}: case {match[1]} is present twice; the other is {found[int(match[1])]}')
        if match:
            found[int(match[1])] = path
    return found


def _pairs(volumes: dict[int, Path], masks: dict[int, Path], root: Path, prefix: str) -> list[Case]:
    if not volumes and not masks:
        raise InputError(f'{root}: no {prefix}N.nii or {prefix}N.nii.gz was found')
    lone = sorted(volumes.keys() ^ masks.keys())
    if lone:
        path, missing = (volumes[lone[0]], 'mask') if lone[0] in volumes else (masks[lone[0]], 'volume')
        raise InputError(f'{path}: its {missing} is missing ({len(lone)} files below {root} have no partner)')
    return [Case(f'{prefix}{number}', volumes[number], masks[number]) for number in sorted(volumes)]


def read_case(case: Case, rescale: tuple[float, float] | None = None) -> tuple[Volume, np.ndarray]:
    """Read a volume and its labels; ``rescale`` as in :func:`.volume.check_volume`.

    Returns:
        tuple[Volume, np.ndarray]: The volume, and 0 (background), 1 (liver) or 2 (tumour), uint8, of the shape of its data.

    Raises:
        InputError: If one cannot be read, their shapes or affines differ, or another label occurs.
    """
    volume = read_volume(case.volume, rescale)
    labels = _png_labels(case.mask, volume) if case.mask.is_dir() else _nifti_labels(case.mask, volume)
    return volume, labels


def _nifti_labels(path: Path, volume: Volume) -> np.ndarray:
    mask = read_nifti(path)
    if mask.data.shape != volume.data.shape:
        raise InputError(f'{path}: the mask has {mask.data.shape} voxels (z, y, x), its volume {volume.path.name} has '
                         f'{volume.data.shape}')
    if not np.allclose(mask.affine, volume.affine, atol=1e-3):
        raise InputError(f'{path}: the affine matrix differs from that of {volume.path.name}: {mask.affine[:3].tolist()}, '
                         f'expected {volume.affine[:3].tolist()}')
    values = np.unique(mask.data) * mask.slope + mask.intercept
    if not np.isin(values, (0, 1, 2)).all():
        odd = [float(value) for value in values if value not in (0, 1, 2)]
        raise InputError(f'{path}: labels are 0 (background), 1 (liver) and 2 (tumour), found {odd[:5]}')
    return (mask.data * mask.slope + mask.intercept).astype(np.uint8)


def _png_labels(folder: Path, volume: Volume) -> np.ndarray:
    files = sorted(folder.glob('*.png'))
    if len(files) != len(volume.slices):
        raise InputError(f'{folder}: {len(files)} masks for the {len(volume.slices)} slices of {volume.path}')
    by_name = dict(zip(sorted(part[:2] for part in volume.slices), files, strict=True))
    masks = np.stack([read_image(by_name[part[:2]]) > 0 for part in volume.slices]).astype(np.uint8)
    labels = to_lps(masks.transpose(2, 1, 0), volume.affine, folder) if masks.ndim == 3 else masks
    if labels.shape != volume.data.shape:
        raise InputError(f'{folder}: the masks are {labels.shape}, the slices of {volume.path} {volume.data.shape}')
    return labels
