"""How many tiles a JPEG 2000 (ISO 15444-1) says that it has, and whether its bytes can hold them."""

import io
import struct
from pathlib import Path
from typing import BinaryIO

from mmsight.errors import InputError

_START = b'\xff\x4f\xff\x51'
"""Of a codestream: the markers SOC and SIZ."""
_LEAST = 14
"""Bytes of a tile: the markers SOT and SOD."""


def check_tiles(path: Path, file: BinaryIO) -> None:
    """Refuse more tiles than the file has room for: the decoder would look for each of them, and fail, for minutes.

    Args:
        path (Path): Begins the sentence.
        file (BinaryIO): The content.

    Raises:
        InputError: If there are more tiles than room, or tiles without extent.
        struct.error: If the file is cut.
    """
    size = file.seek(0, io.SEEK_END)
    place = _codestream(file, size)
    if place is None:
        return  # its reader says that there is no image
    file.seek(place + 8)
    right, bottom, _, _, width, height, left, top = struct.unpack('>8I', file.read(32))
    if not width or not height:
        raise InputError(f'{path}: the file is damaged: its tiles have no extent')
    tiles = -(-(right - left) // width) * -(-(bottom - top) // height)
    if _LEAST * tiles > size:
        raise InputError(f'{path}: the file is damaged: it says that it has {tiles} tiles, and has {size} bytes')


def _codestream(file: BinaryIO, size: int) -> int | None:
    """Where the codestream begins: at once, or in a box of its own."""
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(16)
        if head.startswith(_START):
            return place
        length, kind = struct.unpack('>I4s', head[:8])
        if kind == b'jp2c':
            return place + (16 if length == 1 else 8)
        if length == 1:
            length, = struct.unpack('>Q', head[8:])
        if length < 8:  # the last box, or none
            return None
        place += length
    return None
