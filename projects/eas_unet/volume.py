"""Read CT volumes from NIfTI files and DICOM series, and write masks back in the geometry of their file."""

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from nibabel import orientations
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from mmsight.errors import InputError
from mmsight.files import complete_file

from .cache import ORIENTATION

AIR = -500
"""HU below which a CT has some voxel: air around the patient or in the bowel."""
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
        files (tuple[Path, ...]): Of a DICOM series, one a slice, in the order of ``affine``.
    """

    path: Path
    data: np.ndarray
    slope: float
    intercept: float
    affine: np.ndarray
    header: nib.Nifti1Header | None = None
    files: tuple[Path, ...] = ()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Size of a voxel (z, y, x) in mm."""
        sizes = np.zeros(3)
        sizes[orientations.io_orientation(self.affine)[:, 0].astype(int)] = nib.affines.voxel_sizes(self.affine)
        z, y, x = map(float, sizes[::-1])
        return z, y, x

    @property
    def spacing_warning(self) -> str | None:
        """What to say about a spacing that is probably no measurement."""
        if not np.allclose(self.spacing, 1, atol=1e-6):
            return None
        return (f'{self.path}: the spacing is (1, 1, 1) mm, which LiTS volumes 28-47 state wrongly: distances and volumes of '
                'this case are not in mm and mL')

    @property
    def range_warning(self) -> str | None:
        """What to say about values that are probably not HU."""
        lowest = self.slope * float(self.data.min()) + self.intercept
        if lowest < AIR:
            return None
        return (f'{self.path}: the lowest value is {lowest:g}, and CT shows air below {AIR} HU: the values may not be HU, as '
                'in MR images or in CT that was cut to a window, which the model was not trained on')

    def hu(self, start: int, stop: int) -> np.ndarray:
        """HU of the slices [start, stop), float32."""
        return self.data[start:stop].astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)


def read_volume(path: str | Path) -> Volume:
    """Read a CT: a ``.nii`` or ``.nii.gz`` file, or a folder that holds one DICOM series.

    Raises:
        InputError: If it cannot be read, is no single volume, has no geometry, is not finite or is constant.
    """
    path = Path(path)
    volume = read_dicom(path) if path.is_dir() else read_nifti(path)
    if volume.data.dtype.kind == 'f' and not all(np.isfinite(part).all() for part in volume.data):
        raise InputError(f'{path}: the volume contains NaN or infinite values')
    if volume.data.min() == volume.data.max():
        raise InputError(f'{path}: the volume is constant (every voxel is {volume.data.flat[0]})')
    return volume


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI file of one volume, without looking at its values.

    Raises:
        InputError: If it cannot be read, is no single volume or has no geometry.
    """
    if not path.is_file():
        raise InputError(f'{path}: the file does not exist')
    try:
        image: Any = nib.load(path)
        stored = image.dataobj.get_unscaled()
    except (ImageFileError, HeaderDataError, EOFError, OSError, ValueError, zlib.error) as error:
        raise InputError(f'{path}: the file is truncated, damaged, or not NIfTI: {error}') from error
    if stored.ndim != 3:
        raise InputError(f'{path}: one volume of 3 axes is expected, found {stored.ndim} axes, {stored.shape}')
    if stored.dtype.kind not in 'iuf':
        raise InputError(f'{path}: real numbers are expected, found {stored.dtype}')
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    return Volume(path, to_lps(stored, image.affine, path), slope, intercept, image.affine, image.header)


def to_lps(stored: np.ndarray, affine: np.ndarray, path: Path) -> np.ndarray:
    """A view (slices, H, W), see :class:`Volume`, of a file's array.

    Raises:
        InputError: If the affine is singular.
    """
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise InputError(f'{path}: the affine is singular, so that spacing and orientation are unknown: {affine[:3].tolist()}')
    turn = orientations.ornt_transform(orientations.io_orientation(affine), _LPS)
    return orientations.apply_orientation(stored, turn).transpose(2, 1, 0)


def _dicom_files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith('.'))
    return [path for path in files if path.suffix.lower() == '.dcm'] or [path for path in files if path.name != 'DICOMDIR']


def read_dicom(folder: Path) -> Volume:
    """Read the one CT series that a folder holds, sorted by position.

    Raises:
        InputError: If a file is no DICOM image, several series are mixed, slices are missing, doubled or differ in geometry.
    """
    files = _dicom_files(folder)
    if not files:
        raise InputError(f'{folder}: the folder contains no DICOM files')
    slices = []
    for path in files:
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            axes = np.array(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
            position = np.array(header.ImagePositionPatient, dtype=float)
            steps = tuple(float(step) for step in header.PixelSpacing)
            slices.append((path, str(header.SeriesInstanceUID), axes, position, steps, (header.Rows, header.Columns)))
        except (pydicom.errors.InvalidDicomError, EOFError, ValueError) as error:
            raise InputError(f'{path}: the file is damaged, or not DICOM: {error}') from error
        except (AttributeError, TypeError) as error:
            raise InputError(f'{path}: the DICOM file is not an image slice: {error}') from error
    series = Counter(item[1] for item in slices)
    if len(series) > 1:
        listed = ', '.join(f'{uid} ({count} files)' for uid, count in series.items())
        raise InputError(f'{folder}: {len(series)} DICOM series are mixed: {listed}; give each a folder of its own')
    _, _, axes, _, steps, size = slices[0]
    for path, _, other, _, other_steps, other_size in slices:
        if not np.allclose(axes, other, atol=1e-4) or not np.allclose(steps, other_steps) or size != other_size:
            raise InputError(f'{path}: orientation, pixel spacing or size differ from {slices[0][0].name} of the same series')
    normal = np.cross(*axes)
    slices.sort(key=lambda item: float(item[3] @ normal))
    step = _slice_step(folder, slices, normal)
    data = np.stack([_read_pixels(item[0]) for item in slices])
    affine = np.eye(4)
    affine[:3] = np.column_stack([axes[0] * steps[1], axes[1] * steps[0], step, slices[0][3]])
    affine[:2] *= -1  # DICOM counts towards left and posterior, NIfTI towards right and anterior
    return Volume(folder, to_lps(data.transpose(2, 1, 0), affine, folder), 1.0, 0.0, affine,
                  files=tuple(item[0] for item in slices))


def _slice_step(folder: Path, slices: list[tuple], normal: np.ndarray) -> np.ndarray:
    """The vector in mm from a slice to the next one, in DICOM's coordinates."""
    if len(slices) == 1:
        thickness = pydicom.dcmread(slices[0][0], stop_before_pixels=True).get('SliceThickness')
        if not thickness:
            raise InputError(f'{folder}: the series has one slice without SliceThickness')
        return normal * float(thickness)
    gaps = np.diff([item[3] @ normal for item in slices])
    usual = float(np.median(gaps))
    worst = int(np.abs(gaps - usual).argmax())
    between = f'between {slices[worst][0].name} and {slices[worst + 1][0].name}'
    if gaps[worst] < 0.25 * usual or usual < 1e-3:
        raise InputError(f'{folder}: two slices lie {gaps[worst]:.2f} mm apart {between}: a slice is present twice')
    if abs(gaps[worst] - usual) > 0.25 * usual:
        raise InputError(f'{folder}: a slice is missing: {gaps[worst]:.2f} mm {between}, {usual:.2f} mm elsewhere')
    return (slices[-1][3] - slices[0][3]) / (len(slices) - 1)


def _read_pixels(path: Path) -> np.ndarray:
    """HU of one DICOM slice, int16 (H, W)."""
    header = pydicom.dcmread(path)
    try:
        pixels = header.pixel_array
    except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f'{path}: the pixels cannot be decoded: {error}') from error
    hu = pixels * float(header.get('RescaleSlope', 1)) + float(header.get('RescaleIntercept', 0))
    return np.rint(hu).clip(-32768, 32767).astype(np.int16)


def write_mask(volume: Volume, mask: np.ndarray, path: Path) -> None:
    """Write a mask as NIfTI with the affine of its volume's file, under its name only once it is complete.

    Args:
        volume (Volume): What was segmented.
        mask (np.ndarray): uint8 (slices, H, W), as ``volume.data``.
        path (Path): ``.nii`` or ``.nii.gz``.

    Raises:
        InputError: If it cannot be written.
    """
    turn = orientations.ornt_transform(_LPS, orientations.io_orientation(volume.affine))
    header = None if volume.header is None else volume.header.copy()
    stored = orientations.apply_orientation(mask.transpose(2, 1, 0), turn)
    image = nib.Nifti1Image(stored, volume.affine, header, dtype=np.uint8)
    image.header.set_slope_inter(1, 0)
    if header is None:
        image.header.set_xyzt_units('mm')
        image.set_qform(volume.affine, code='scanner')
    with complete_file(path) as scratch:
        nib.save(image, scratch)
