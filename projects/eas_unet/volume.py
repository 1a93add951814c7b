"""A CT volume: its values in HU, its geometry in mm, and what is doubtful about both."""

from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import orientations
from scipy import ndimage

from mmsight.errors import InputError

from .cache import ORIENTATION
from .dicom_headers import Slice

AIR = -1024.0
"""HU of what lies outside the scan."""
NEAR_AIR = (-1200, -800)
"""HU between which a CT has some voxel: air around the patient or in the bowel. Below them is padding."""
SHEAR = 0.1
"""Degrees that axes may miss a right angle by, and still be called orthogonal: headers are rounded."""
_LPS = orientations.axcodes2ornt(ORIENTATION)


@dataclass(frozen=True)
class Volume:
    """A volume as radiologists read it, over the values as they are stored.

    Attributes:
        path (Path): File, or folder of a DICOM series.
        data (np.ndarray): Stored values (slices, H, W): slices from feet to head, rows from front to back, columns from the
            patient's right to left. A view of what was read.
        slope (float): HU = slope * stored + intercept.
        intercept (float): See ``slope``.
        affine (np.ndarray): (4, 4), from indices of the file's array to mm, RAS.
        header (nib.Nifti1Header, optional): Of a NIfTI file.
        slices (tuple[Slice, ...]): Of a DICOM series, along the last axis of the file's array.
        warnings (tuple[str, ...]): What was changed on reading and what is doubtful, a sentence each.
    """

    path: Path
    data: np.ndarray
    slope: float
    intercept: float
    affine: np.ndarray
    header: nib.Nifti1Header | None = None
    slices: tuple[Slice, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def steps(self) -> np.ndarray:
        """(3, 3): rows are the vectors, in mm, from a voxel to the next one along (z, y, x)."""
        return lps_steps(self.affine)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Length of a step along (z, y, x) in mm."""
        z, y, x = map(float, np.linalg.norm(self.steps, axis=1))
        return z, y, x

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel: of a sheared grid it is less than the product of the spacing."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000

    def hu(self, start: int, stop: int) -> np.ndarray:
        """HU of the slices [start, stop), float32; air where the file has no number."""
        hu = self.data[start:stop].astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)
        return np.nan_to_num(hu, copy=False, nan=AIR, posinf=AIR, neginf=AIR) if self.data.dtype.kind == 'f' else hu


def to_lps(stored: np.ndarray, affine: np.ndarray, path: Path) -> np.ndarray:
    """A view (slices, H, W), see :class:`Volume`, of a file's array.

    Raises:
        InputError: If the affine is singular.
    """
    steps = affine[:3, :3]
    if not np.isfinite(affine).all() or abs(np.linalg.det(steps)) <= 1e-6 * np.prod(np.linalg.norm(steps, axis=0)):
        raise InputError(f'{path}: the affine is singular, so that spacing and orientation are unknown: {affine[:3].tolist()}')
    return orientations.apply_orientation(stored, _turn(affine)).transpose(2, 1, 0)


def from_lps(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """The inverse of :func:`to_lps`: an array (slices, H, W) in the axes of a file."""
    turn = orientations.ornt_transform(_LPS, orientations.io_orientation(affine))
    return orientations.apply_orientation(mask.transpose(2, 1, 0), turn)


def lps_steps(affine: np.ndarray) -> np.ndarray:
    """See :attr:`Volume.steps`."""
    return (affine @ orientations.inv_ornt_aff(_turn(affine), (1, 1, 1)))[:3, :3].T[::-1]


def shear_of(steps: np.ndarray) -> float:
    """Degrees by which the axes of a grid miss a right angle at most; ``steps`` (3, 3) as in :attr:`Volume.steps`."""
    unit = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    return float(np.degrees(np.arcsin(min(np.abs(unit @ unit.T - np.eye(3)).max(), 1))))


def _turn(affine: np.ndarray) -> np.ndarray:
    return orientations.ornt_transform(orientations.io_orientation(affine), _LPS)


def check_volume(volume: Volume, rescale: tuple[float, float] | None = None) -> Volume:
    """Look at all values once, and at the geometry.

    Args:
        volume (Volume): As it was read.
        rescale (tuple[float, float], optional): HU = rescale[0] * value + rescale[1], for values that are no HU in the file.

    Returns:
        Volume: With ``rescale`` in its slope, and with its ``warnings``.

    Raises:
        InputError: If the volume is constant, holds NaN or infinite values amidst the scan, or its slope makes such.
    """
    if rescale is not None:
        slope, intercept = rescale
        volume = replace(volume, slope=slope * volume.slope, intercept=slope * volume.intercept + intercept)
    name, lowest, highest, least, blank = volume.path, np.inf, -np.inf, np.inf, 0
    for index, part in enumerate(volume.data):
        with np.errstate(over='ignore'):  # which is refused below
            hu = volume.hu(index, index + 1)[0]
        if part.dtype.kind == 'f' and not (finite := np.isfinite(part)).all():
            _refuse_holes(~finite, f'{name}: slice {index} from the feet')
            blank += int(np.count_nonzero(~finite))
            hu = hu[finite]
        if hu.size:
            lowest, highest = min(lowest, hu.min()), max(highest, hu.max())
            least = min(least, hu.min(where=hu >= NEAR_AIR[0], initial=np.inf))
    if lowest >= highest:
        raise InputError(f'{name}: the volume is constant (every voxel is {lowest:g})')
    if not np.isfinite([lowest, highest]).all():
        raise InputError(f'{name}: its HU are not finite numbers: the slope or the intercept is wrong')
    found = [*volume.warnings, *_spacing_warnings(volume), *_range_warnings(volume, least, highest)]
    if blank:
        found.append(f'{name}: {blank} voxels ({100 * blank / volume.data.size:.1f} %) at the border are NaN or infinite, and '
                     f'were read as air, {AIR:g} HU')
    return replace(volume, warnings=tuple(found))


def _refuse_holes(blank: np.ndarray, where: str) -> None:
    """Padding without a value reaches the border of its slice; what does not is damage."""
    labels, count = ndimage.label(blank, np.ones((3, 3)))
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    if np.setdiff1d(np.arange(1, count + 1), outer).size:
        raise InputError(f'{where} holds NaN or infinite values amidst the scan')


def _spacing_warnings(volume: Volume) -> list[str]:
    found, spacing, shear = [], volume.spacing, shear_of(volume.steps)
    listed = ' x '.join(f'{size:.4g}' for size in spacing[::-1])
    if np.allclose(spacing, 1, atol=1e-6):
        found.append(f'{volume.path}: the spacing is (1, 1, 1) mm, which LiTS volumes 28-47 state wrongly: distances and '
                     'volumes of this case are not in mm and mL')
    elif min(spacing) < 0.05 or max(spacing) > 20:
        found.append(f'{volume.path}: a voxel is {listed} mm, and CT has voxels of about 1 mm: the header has probably another '
                     'unit, and distances and volumes are not in mm and mL')
    if shear > SHEAR:
        found.append(f'{volume.path}: the grid is sheared by {shear:.1f} degrees, as by a tilted gantry: volume and distances '
                     'account for it, but 3D networks see the slices unsheared, and programs that need an orthogonal grid '
                     'refuse the mask as NIfTI (of a DICOM series, `--format dicom-seg` keeps the place of each slice)')
    return found


def _range_warnings(volume: Volume, lowest: float, highest: float) -> list[str]:
    """What to say about values, ``lowest`` of them without padding, that are probably not HU."""
    if lowest < NEAR_AIR[1]:
        return []
    mended = 'or say how to get HU with `--rescale SLOPE:INTERCEPT`'
    if lowest >= 0 and highest <= 1:
        reason = f'all values lie in 0..1: they were scaled, e.g. from a window of -200 to 250 HU; read the original, ' \
                 f'{mended}, for this window 450:-200'
    elif lowest >= 0 and highest <= 255:
        reason = f'all values lie in 0..255: they are grey levels, e.g. of a window of -200 to 250 HU; read the original, ' \
                 f'{mended}, for this window 1.765:-200'
    elif lowest >= 0 or not np.isfinite(lowest):
        reason = 'no value is below 0: if they are HU + 1024, as scanners store them, give `--rescale 1:-1024`'
    else:
        reason = f'the lowest value is {lowest:g}: this may be CT that was cut to a window or cropped to soft tissue, or ' \
                 f'another modality; read the original, {mended}'
    return [f'{volume.path}: CT shows air near -1000 HU, and here is none, so the values may not be HU and the result wrong; '
            f'{reason}']
