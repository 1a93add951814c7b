"""Write a mask as a DICOM segmentation that refers to the series that was segmented."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from mmsight.errors import InputError
from mmsight.files import complete_file
from mmsight.reading import reading
from mmsight.version import __version__

from .dicom_headers import open_dicom
from .volume import Volume, from_lps

_PATIENT = ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber', 'StudyID', 'StudyDate',
            'StudyTime', 'ReferringPhysicianName')
"""What every DICOM file has, though perhaps empty, and what some programs take out."""


def check_files(path: object, files: Sequence[Path]) -> None:
    """Refuse, before any work, a series that no DICOM segmentation can refer to.

    Args:
        path (object): Names the series.
        files (Sequence[Path]): The file of each slice.

    Raises:
        InputError: If several files hold several slices each.
    """
    if 1 < len(set(files)) < len(files):
        raise InputError(f'{path}: a DICOM segmentation of several enhanced files cannot be written: leave out --format')


def write_dicom_seg(volume: Volume, mask: np.ndarray, path: Path) -> None:
    """Write a mask as a DICOM segmentation of one segment, the liver, under its name only once it is complete.

    Args:
        volume (Volume): What was segmented: a DICOM series.
        mask (np.ndarray): uint8 (slices, H, W), as ``volume.data``.
        path (Path): ``.dcm``.

    Raises:
        InputError: If the series does not allow it, or the file cannot be written.
    """
    planes = from_lps(mask, volume.affine).transpose(2, 1, 0)
    check_files(volume.path, [part.file for part in volume.slices])
    files = list(dict.fromkeys(part.file for part in volume.slices))
    sources = [_source(file) for file in files]
    if len(files) == 1 and 'NumberOfFrames' in sources[0]:
        _share_geometry(sources[0], volume.slices[0].frame)
        frames = np.zeros((int(sources[0].NumberOfFrames), *planes.shape[1:]), np.uint8)
        frames[[part.frame for part in volume.slices]] = planes
        planes = frames
    liver = SegmentDescription(
        1, 'Liver', codes.SCT.AnatomicalStructure, codes.SCT.Liver, SegmentAlgorithmTypeValues.AUTOMATIC,
        AlgorithmIdentificationSequence('MMSight EAS U-Net', codes.DCM.ArtificialIntelligence, __version__))
    try:
        with warnings.catch_warnings():  # of names of patients that are none, as anonymisation leaves them
            warnings.simplefilter('ignore')
            made = Segmentation(
                sources, planes, SegmentationTypeValues.BINARY, [liver], series_instance_uid=generate_uid(), series_number=300,
                sop_instance_uid=generate_uid(), instance_number=1, manufacturer='MMSight', manufacturer_model_name='segment',
                software_versions=__version__, device_serial_number='0', content_label='LIVER',
                series_description='Liver, for research')
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f'{volume.path}: a DICOM segmentation cannot be written of this series: {error}; leave out --format'
                         ) from error
    with complete_file(path) as scratch:
        made.save_as(scratch)


def _share_geometry(header: pydicom.Dataset, frame: int) -> None:
    """State the geometry of one frame for all: highdicom looks for it there. Frames that lie otherwise have no mask."""
    if not header.get('SharedFunctionalGroupsSequence'):
        header.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    shared, own = header.SharedFunctionalGroupsSequence[0], header.PerFrameFunctionalGroupsSequence[frame]
    for macro in ('PlaneOrientationSequence', 'PixelMeasuresSequence'):
        if macro not in shared:
            setattr(shared, macro, own[macro].value)


def _source(path: Path) -> pydicom.Dataset:
    """The header of a file of the series, with what anonymisation may have taken out."""
    with reading(path, 'DICOM'):
        header = open_dicom(path, stop_before_pixels=True)
        if header is None:
            raise InputError(f'{path}: the file is damaged, or not DICOM')
    for name in _PATIENT:
        if name not in header:
            setattr(header, name, None)
    for name in ('StudyInstanceUID', 'FrameOfReferenceUID'):
        if name not in header:
            setattr(header, name, generate_uid(entropy_srcs=[name, header.SeriesInstanceUID]))
    return header
