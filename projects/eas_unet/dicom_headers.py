"""What the header of a DICOM file says of the slices in it, one of a classic file, many of an enhanced one."""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.filereader import _read_file_meta_info, read_file_meta_info, read_preamble
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
)

from mmsight.memory import check_memory

CT = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
SUFFIXES = ('.dcm', '.dicom', '.ima')
"""Endings of files that are DICOM, and damaged if they cannot be read as such."""
_GROUPS = tuple(group.to_bytes(2, order) for group in (2, 8) for order in ('little', 'big'))
"""What a file without the preamble may begin with."""
_MACROS = dict(ImagePositionPatient='PlanePositionSequence', ImageOrientationPatient='PlaneOrientationSequence',
               PixelSpacing='PixelMeasuresSequence', SliceThickness='PixelMeasuresSequence',
               RescaleSlope='PixelValueTransformationSequence', RescaleIntercept='PixelValueTransformationSequence',
               RescaleType='PixelValueTransformationSequence', FrameType='CTImageFrameTypeSequence')
"""Where the functional groups of an enhanced file hold an attribute."""
_READ = ('SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID', 'SeriesNumber', 'SeriesDescription',
         'Modality', 'ImageType', 'AcquisitionNumber', 'Rows', 'Columns', 'NumberOfFrames', 'SharedFunctionalGroupsSequence',
         'PerFrameFunctionalGroupsSequence', *(name for name in _MACROS if name != 'FrameType'))


class Slice(NamedTuple):
    """One slice. What a file lacks is empty, or None; lengths in mm.

    Attributes:
        file (Path): Its file.
        frame (int): Its number in the file, from 0.
        instance (str): SOPInstanceUID of the file.
        acquisition (str): AcquisitionNumber.
        localizer (bool): It is a scout, from which slices were planned.
        position (tuple[float, ...]): Of the centre of its first pixel, in DICOM's coordinates (LPS).
        axes (tuple[float, ...]): Six numbers: the directions in which columns and rows are counted.
        spacing (tuple[float, ...]): Between rows and between columns.
        size (tuple[int, int]): Rows and columns.
        thickness (float, optional): Of the slice.
        slope (float, optional), intercept (float, optional): Value = slope * stored + intercept.
        unit (str): Of that value, ``'HU'`` where nothing is said.
    """

    file: Path
    frame: int
    instance: str
    acquisition: str
    localizer: bool
    position: tuple[float, ...]
    axes: tuple[float, ...]
    spacing: tuple[float, ...]
    size: tuple[int, int]
    thickness: float | None
    slope: float | None
    intercept: float | None
    unit: str


class Header(NamedTuple):
    """A file.

    Attributes:
        kind (UID): SOPClassUID, what it is.
        series (str): SeriesInstanceUID.
        number (str): SeriesNumber, empty if it is absent.
        description (str): SeriesDescription.
        slices (tuple[Slice, ...]): Of a CT.
    """

    kind: UID
    series: str
    number: str
    description: str
    slices: tuple[Slice, ...]


def open_dicom(path: Path, **options: Any) -> pydicom.FileDataset | None:
    """Read a file, also one without the preamble of the file format; None if it is not DICOM.

    ``options`` are those of :func:`pydicom.dcmread`.
    """
    _check_deflated(path)
    try:
        found = pydicom.dcmread(path, **options)
    except InvalidDicomError:
        with path.open('rb') as file:
            if file.read(2) not in _GROUPS:  # anything else would be searched for elements, whole
                return None
        found = pydicom.dcmread(path, force=True, **options)
    if not isinstance(found.get('SOPClassUID'), UID) or found.original_encoding[0] is None:
        return None
    if 'TransferSyntaxUID' not in found.file_meta:  # what pydicom has guessed
        implicit, little = found.original_encoding
        found.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
    return found


def _check_deflated(path: Path) -> None:
    """Refuse a deflated file that unpacks to more than is allowed: pydicom unpacks in one piece."""
    try:
        syntax = read_file_meta_info(path).get('TransferSyntaxUID')
    except Exception:  # the file itself is read by another function, which says what is wrong
        return
    if syntax != DeflatedExplicitVRLittleEndian:
        return
    with path.open('rb') as file:
        read_preamble(file, force=True)
        _read_file_meta_info(file)
        unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while packed := unpacker.unconsumed_tail or file.read(2**16):
            size += len(unpacker.decompress(packed, 2**20))
            check_memory(path, 2 * size, 'what is packed in it, unpacked,')
            if unpacker.eof:
                return


def check_pixels(path: Path, header: pydicom.Dataset) -> None:
    """Refuse pixels that take more memory than is allowed, before they are decoded."""
    frames, rows, columns, samples, bits = (_integer(header.get(name) or default) for name, default in (
        ('NumberOfFrames', 1), ('Rows', None), ('Columns', None), ('SamplesPerPixel', 1), ('BitsAllocated', 16)))
    check_memory(path, 2 * frames * rows * columns * samples * max(bits // 8, 1), f'{frames} x {rows} x {columns} pixels')


def read_header(path: Path) -> Header | None:
    """What the header of a file says; None if it is not DICOM.

    Raises:
        ValueError, and whatever pydicom raises: If the header is damaged.
    """
    header = open_dicom(path, stop_before_pixels=True, specific_tags=list(_READ))
    if header is None:
        return None
    kind = UID(str(header.SOPClassUID))
    number = header.get('SeriesNumber')
    return Header(kind, str(header.get('SeriesInstanceUID', '')), '' if number is None else str(number),
                  str(header.get('SeriesDescription') or ''), tuple(_slices(header, path)) if kind in CT else ())


def _slices(header: pydicom.Dataset, file: Path) -> list[Slice]:
    groups = header.get('PerFrameFunctionalGroupsSequence') or [pydicom.Dataset()]
    shared = (header.get('SharedFunctionalGroupsSequence') or [pydicom.Dataset()])[0]
    if (count := _integer(header.get('NumberOfFrames') or 1)) != len(groups):
        raise ValueError(f'it has {count} frames, and says of {len(groups)} where they are')

    def find(name: str, group: pydicom.Dataset) -> Any:
        for place in (group, shared):
            macro = place.get(_MACROS[name])
            if macro and name in macro[0]:
                return macro[0].get(name)
        return header.get(name)

    def numbers(name: str, group: pydicom.Dataset) -> tuple[float, ...]:
        value = find(name, group)
        return tuple(map(_number, value)) if isinstance(value, Iterable) and not isinstance(value, str) else ()

    def number(name: str, group: pydicom.Dataset) -> float | None:
        value = find(name, group)
        return None if value is None or value == '' else _number(value)

    return [Slice(file, index, str(header.get('SOPInstanceUID', '')), str(header.get('AcquisitionNumber', '')),
                  'LOCALIZER' in str(find('FrameType', group)) or 'LOCALIZER' in str(header.get('ImageType')),
                  numbers('ImagePositionPatient', group), numbers('ImageOrientationPatient', group),
                  numbers('PixelSpacing', group), (_integer(header.get('Rows')), _integer(header.get('Columns'))),
                  number('SliceThickness', group), number('RescaleSlope', group), number('RescaleIntercept', group),
                  str(find('RescaleType', group) or 'HU')) for index, group in enumerate(groups)]


def _number(value: Any) -> float:
    try:
        return float(value)
    except TypeError:
        raise ValueError(f"'{value}' stands where a number is expected") from None


def _integer(value: Any) -> int:
    found = _number(value)
    if not 0 < found < 2**31:
        raise ValueError(f"'{value}' stands where a count is expected")
    return int(found)
