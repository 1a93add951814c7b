"""Damaged and oversized CT volumes."""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator

import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from tests.fuzz import _dicom, _nifti


def niftis() -> Iterator[tuple[str, bytes]]:
    """A field of the header changed."""
    good, nan, inf = _nifti(), float('nan'), float('inf')
    fields = [('dim[0]', 40, 'h', (0, 8, -1)),
              ('dim[1]', 42, 'h', (0, -1, 32_767)), ('datatype', 70, 'h', (0, 1, 1_792, 9_999)), ('bitpix', 72, 'h', (0, 7)),
              ('pixdim[1]', 80, 'f', (0, nan, inf, -1)), ('vox_offset', 108, 'f', (-1, 1e9, nan, inf)),
              ('scl_slope', 112, 'f', (nan, inf, 1e38)), ('scl_inter', 116, 'f', (nan, -inf)),
              ('size', 0, 'i', (0, 540, 2**31 - 1)), ('units', 123, 'b', (0, 1, 127)), ('srow_x[0]', 280, 'f', (nan, inf, 0))]
    for name, place, form, values in fields:
        for value in values:
            yield f'{name} = {value}', good[:place] + struct.pack(form, value) + good[place + struct.calcsize(form):]
    yield 'a magic of another', good[:344] + b'xyz\0' + good[348:]
    yield 'all sides 32,767', good[:42] + struct.pack('3h', *[32_767] * 3) + good[48:]
    for size in (0, 100, 348, 352, 400):
        yield f'{size} bytes of it', good[:size]


def packed_niftis() -> Iterator[tuple[str, bytes]]:
    """What gzip does to them."""
    good = gzip.compress(_nifti(), mtime=0)
    yield 'a wrong sum', good[:-8] + b'\0\0\0\0' + good[-4:]
    yield 'a wrong length', good[:-4] + b'\xff\xff\xff\xff'
    yield 'half of it', good[:len(good) // 2]
    yield 'packed twice', gzip.compress(good)
    yield 'a second member', good + gzip.compress(bytes(10))
    yield 'something after it', good + b'something'
    yield 'nothing', gzip.compress(b'')
    header = _nifti()[:42] + struct.pack('3h', 2_000, 2_000, 2_000) + _nifti()[48:352]
    yield '16 GB said and a bomb of 1 GB', _packed_zeros(header, 2**30)
    yield 'a small volume and a bomb of 1 GB', _packed_zeros(_nifti(), 2**30)


def _packed_zeros(start: bytes, count: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(2**24)
    return packer.compress(start) + b''.join(packer.compress(piece) for _ in range(count // 2**24)) + packer.flush()


def dicoms() -> Iterator[tuple[str, bytes]]:
    """A tag changed or left out, nesting, packing, and lengths."""
    changes = dict(Rows=(0, 1, 65_535),
                   Columns=(0, 65_535),
                   BitsAllocated=(0, 7, 64),
                   BitsStored=(0, 99),
                   SamplesPerPixel=(0, 3),
                   NumberOfFrames=('0', '-1', '999999999'),
                   PixelSpacing=(['0', '1'], ['-1', '1'], ['1e30', '1'], ['1']),
                   RescaleSlope=('1e300', '0'),
                   SliceThickness=('-1', '1e30'),
                   ImageOrientationPatient=([0] * 6, [1] * 6),
                   ImagePositionPatient=(['1e30', '0', '0'], ['1']),
                   PhotometricInterpretation=('RGB', 'NONE'),
                   PixelRepresentation=(2, ),
                   Modality=('MR', ''))
    for name, values in changes.items():
        for value in values:
            yield f'{name} = {value}', _changed(name, value)
        if name != 'NumberOfFrames':  # it has none
            yield f'no {name}', _changed(name, None)
    yield 'no pixels', _changed('PixelData', None)
    for depth in (10, 300, 3_000):
        yield f'{depth} sequences in one another', _nested(depth)
    good = _dicom()
    yield 'pixels longer than the file', good.replace(
        struct.pack('<I', 60) + b'\0\0',
        struct.pack('<I', 2**32 - 4) + b'\0\0', 1)
    for syntax in ('1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.5',
                   '1.2.3'):
        yield f'transfer syntax {syntax}', _changed('TransferSyntaxUID', syntax)
    yield 'deflated, 500 MB', _deflated(500)
    for part in (0.1, 0.5, 0.95):
        yield f'{part:.0%} of it', good[:int(part * len(good))]


def _written(made: pydicom.Dataset) -> bytes:
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def _changed(name: str, value: object) -> bytes:
    made = pydicom.dcmread(io.BytesIO(_dicom()))
    with pydicom.config.disable_value_validation():
        if name == 'TransferSyntaxUID':
            head = _dicom()
            old = ExplicitVRLittleEndian.encode().ljust(len(ExplicitVRLittleEndian) + len(ExplicitVRLittleEndian) % 2, b'\0')
            return head.replace(old, str(value).encode()[:len(old)].ljust(len(old), b'\0'), 1)
        if value is None:
            delattr(made, name)
        else:
            setattr(made, name, value)
        return _written(made)


def _nested(depth: int) -> bytes:
    """Sequences of undefined length, one in the other."""
    start = b'\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff' * depth
    return _dicom() + start


def _deflated(megabytes: int) -> bytes:
    made = pydicom.dcmread(io.BytesIO(_dicom()))
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = _written(made)
    place = head.index(DeflatedExplicitVRLittleEndian.encode()) + len(DeflatedExplicitVRLittleEndian)
    group = struct.unpack('<I', head[140:144])[0] + 144
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(2**20)
    start = b'\x09\x00\x10\x10OB\0\0' + struct.pack('<I', megabytes * 2**20)
    body = packer.compress(start) + b''.join(packer.compress(piece) for _ in range(megabytes)) + packer.flush()
    return head[:max(place, group)] + body
