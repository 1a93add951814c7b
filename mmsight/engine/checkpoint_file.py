"""Checkpoints that are written whole or not at all, with a checksum of all their bytes inside."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from mmsight.files import complete_file

_TAG = b'mmsight-sha256:'
_LENGTH = len(_TAG) + 64


def save_checkpoint(checkpoint: dict[str, Any], path: str | Path) -> None:
    """Write a checkpoint that :func:`torch.load` reads as any other.

    The comment that a ZIP file may end with holds the SHA-256 of the bytes before it.

    Raises:
        InputError: If the file cannot be written, e.g. because no space is left.
    """
    memory = io.BytesIO()
    torch.save(checkpoint, memory)
    content = memory.getbuffer()
    content[-2:] = _LENGTH.to_bytes(2, 'little')
    with complete_file(Path(path)) as scratch, scratch.open('wb') as file:
        file.write(content)
        file.write(_TAG + hashlib.sha256(content).hexdigest().encode())


def find_damage(path: str | Path) -> str | None:
    """What is wrong with the bytes of a checkpoint, read once; None if nothing is, or if the file has no checksums.

    Checkpoints of :func:`save_checkpoint` have one of all bytes, and others that torch saved have one of each part.
    """
    with Path(path).open('rb') as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - _LENGTH - 22, 0))
        end = file.read()
        record = end.rfind(b'PK\x05\x06')  # of 22 bytes, whose last two say how long the comment is
        if _TAG in end or (record >= 0 and end[record + 20:record + 22] == _LENGTH.to_bytes(2, 'little')):
            file.seek(0)
            digest, left = hashlib.sha256(), size - _LENGTH
            while left > 0:
                part = file.read(min(left, 1 << 22))
                digest.update(part)
                left -= len(part)
            return None if end[-_LENGTH:] == _TAG + digest.hexdigest().encode() else 'its checksum is wrong'
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        part_name = archive.testzip()
    return None if part_name is None else f'the checksum of {part_name} is wrong'

