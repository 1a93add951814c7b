"""Size and kind of an image from the first bytes of its file, whatever its size: Pillow refuses headers of large images."""

import struct
import warnings
from typing import BinaryIO, NamedTuple

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mmsight.reading import FormatError

_MOST_SEGMENTS = 2**16
"""Segments, and bytes between them, that are looked at before the frame of a JPEG."""


class ImageHeader(NamedTuple):
    """What a file says of its image.

    Attributes:
        format (str): ``'PNG'``, ``'JPEG'``, ``'BMP'``, ``'TIFF'`` or ``'WEBP'``.
        width (int), height (int): In pixels.
        pixel_bytes (int): Of a decoded pixel.
        coding (int): Of a JPEG, the second byte of its frame's marker: 0xC0 for baseline, 0xC2 for progressive; else 0.
    """

    format: str
    width: int
    height: int
    pixel_bytes: int
    coding: int = 0


def is_image(start: bytes) -> bool:
    """Whether a file that begins so is of one of the formats."""
    return any(start.startswith(magic) for magic in _FORMATS)


def check_format(start: bytes) -> None:
    """Raise :class:`FormatError` if a file that begins so is of a known format that is not read."""
    kind = next((kind for kind, magic, offset in _UNREAD if start.startswith(magic, offset)), None)
    if kind is not None:
        raise FormatError(f'this is a file of the format {kind}, which is not read: convert it to PNG or TIFF first')


def read_header(file: BinaryIO) -> ImageHeader:
    """Read the header of an image.

    Raises:
        FormatError: If it is a known format of another kind.
        ValueError: If it is none of the formats, or is cut.
    """
    start = file.read(30)
    read = next((read for magic, read in _FORMATS.items() if start.startswith(magic)), None)
    if read is None:
        check_format(start)
        raise ValueError(f'it begins with {start[:8]!r}')
    try:
        return read(file, start)
    except (struct.error, KeyError, TypeError):  # of Pillow, for tags that are missing or of another type
        raise ValueError('its header is cut or damaged') from None


def _png(file: BinaryIO, start: bytes) -> ImageHeader:
    width, height, bits, colour = struct.unpack('>IIBB', start[16:26])
    return ImageHeader('PNG', width, height, {0: 1, 2: 3, 4: 4, 6: 4}.get(colour, 4) * max(bits // 8, 1))


def _jpeg(file: BinaryIO, start: bytes) -> ImageHeader:
    """Look for the start of the frame."""
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        byte, = struct.unpack('B', file.read(1))
        if byte != 0xFF:  # decoders skip what stands between segments
            continue
        while byte == 0xFF:  # fill bytes
            byte, = struct.unpack('B', file.read(1))
        if byte in (0, 1) or 0xD0 <= byte <= 0xD8:
            continue
        if byte in (0xD9, 0xDA):
            raise ValueError('it has no frame')
        length, = struct.unpack('>H', file.read(2))
        if 0xC0 <= byte <= 0xCF and byte not in (0xC4, 0xC8, 0xCC):
            _, height, width, components = struct.unpack('>BHHB', file.read(6))
            return ImageHeader('JPEG', width, height, components, byte)
        file.seek(length - 2, 1)
    raise ValueError('it has no frame')


def _bmp(file: BinaryIO, start: bytes) -> ImageHeader:
    old = struct.unpack('<I', start[14:18]) == (12, )
    width, height = struct.unpack('<HH', start[18:22]) if old else struct.unpack('<ii', start[18:26])
    return ImageHeader('BMP', abs(width), abs(height), 4)


def _tiff(file: BinaryIO, start: bytes) -> ImageHeader:
    big = start[2:4] in (b'+\0', b'\0+')
    tags = ImageFileDirectory_v2(start[:16 if big else 8])
    file.seek(tags.next)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of tags that are cut
        tags.load(file)
    bits, samples = tags.get(258, 1), tags.get(277, 1)
    return ImageHeader('TIFF', int(tags[256]), int(tags[257]),
                       samples * max(max(bits if isinstance(bits, tuple) else (bits, )) // 8, 1))


def _webp(file: BinaryIO, start: bytes) -> ImageHeader:
    kind = start[8:16]
    if kind == b'WEBPVP8X':
        width, height = (1 + int.from_bytes(start[i:i + 3], 'little') for i in (24, 27))
    elif kind == b'WEBPVP8L':
        packed, = struct.unpack('<I', start[21:25])
        width, height = 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    elif kind == b'WEBPVP8 ':
        width, height = (side & 0x3FFF for side in struct.unpack('<HH', start[26:30]))
    else:
        raise ValueError(f'it begins with {start[:4] + kind!r}')
    return ImageHeader('WEBP', width, height, 4)


_FORMATS = {b'\x89PNG': _png, b'\xff\xd8': _jpeg, b'BM': _bmp, b'RIFF': _webp,
            b'II*\0': _tiff, b'MM\0*': _tiff, b'II+\0': _tiff, b'MM\0+': _tiff}
"""The first bytes of a file to what reads its header."""
_UNREAD = (('GIF', b'GIF8', 0), ('PDF', b'%PDF', 0), ('PSD', b'8BPS', 0), ('HEIC or AVIF', b'ftyp', 4), ('HDF5', b'\x89HDF', 0),
           ('NetCDF', b'CDF', 0), ('NITF', b'NITF', 0), ('gzip', b'\x1f\x8b', 0), ('zip', b'PK\x03\x04', 0))
"""Formats that users have and that are not read: name, the bytes that tell, and where those are."""
