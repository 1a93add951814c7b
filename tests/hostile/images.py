"""Damaged and oversized rasters and pictures."""

import struct
import zlib
from collections.abc import Iterator

from tests.fuzz import _encoded, _raster

HUGE = (0, 1, 65_535, 10**5, 2**30, 2**31 - 1, 2**32 - 1)


def tiffs() -> Iterator[tuple[str, bytes]]:
    """One strip of grey pixels, with a field of the directory changed."""
    for tag, values in {
            256: HUGE,
            257: HUGE,
            258: (0, 3, 64, 65_535),
            259: (0, 2, 7, 9_999),
            262: (5, 8, 99),
            273: (2**32 - 1, 4),
            277: (0, 4, 65_535),
            278: (0, 2**32 - 1),
            279: (0, 2**32 - 1),
            284: (2, 7)
    }.items():
        for value in values:
            yield f'tag {tag} = {value}', tiff({tag: value})
    for side in (0, 15, 2**20, 2**31 - 16):
        yield f'tiles of {side}', tiff({322: side, 323: side, 324: 8, 325: 64})
    yield 'a directory after itself', tiff({}, follows=8)
    yield 'a directory after the end', tiff({}, follows=2**32 - 2)
    yield 'more entries than bytes', tiff({})[:8] + b'\xff\xff' + tiff({})[10:]
    good = _raster(compress='deflate')
    for part in (0.02, 0.3, 0.6, 0.95):
        yield f'{part:.0%} of it', good[:int(part * len(good))]
    yield 'BigTIFF of nothing', b'II\x2b\0\x08\0\0\0' + struct.pack('<Q', 2**60)


def tiff(changed: dict[int, int], follows: int = 0) -> bytes:
    """A little-endian TIFF of 8 x 8 grey pixels."""
    fields = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: 8, 279: 64, **changed}
    pixels = 8 + 2 + 12 * len(fields) + 4
    fields[273] = changed.get(273, pixels)
    entries = b''.join(struct.pack('<HHII', tag, 4, 1, value) for tag, value in sorted(fields.items()))
    return b'II*\0\x08\0\0\0' + struct.pack('<H', len(fields)) + entries + struct.pack('<I', follows) + bytes(range(64))


def pngs() -> Iterator[tuple[str, bytes]]:
    """Headers, chunks and streams."""
    for size in HUGE:
        yield f'{size} wide', png(width=size)
        yield f'{size} on both sides', png(width=size, height=size)
    for name, values in dict(bits=(0, 3, 16, 255), colour=(1, 3, 7, 255), interlace=(2, 255)).items():
        for value in values:
            yield f'{name} {value}', png(**{name: value})
    bomb = zlib.compress(bytes(200_000_000), 9)
    for name in (b'zTXt', b'iTXt', b'iCCP', b'eXIf'):
        yield f'{name.decode()} of 200 MB', png(more=chunk(name, b'a\0\0' + bomb))
        yield f'{name.decode()} of nothing', png(more=chunk(name, b''))
    yield 'pixels of 200 MB', png(pixels=bomb)
    yield 'no pixels', png(pixels=None)
    yield 'pixels that are no stream', png(pixels=b'none')
    yield 'a chunk longer than the file', png(more=struct.pack('>I', 2**31 - 1) + b'tEXt')
    yield 'pixels longer than the file', png(pixels=None)[:-12] + struct.pack('>I', 2**31 - 1) + b'IDAT'
    yield 'a wrong sum', png()[:29] + b'\0\0\0\0' + png()[33:]
    yield 'frames without end', png(more=chunk(b'acTL', struct.pack('>II', 2**31 - 1, 0)))


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with its sum."""
    return struct.pack('>I', len(content)) + name + content + struct.pack('>I', zlib.crc32(name + content))


def png(width: int = 8,
        height: int = 8,
        bits: int = 8,
        colour: int = 0,
        interlace: int = 0,
        more: bytes = b'',
        pixels: bytes | None = zlib.compress(bytes(72))) -> bytes:
    """A PNG of 8 x 8 grey pixels."""
    header = struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, interlace)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + more + (b'' if pixels is None else chunk(b'IDAT', pixels)) +
            chunk(b'IEND', b''))


def jpegs() -> Iterator[tuple[str, bytes]]:
    """Markers, ends and profiles."""
    good = _encoded('.jpg')
    frame = good.index(b'\xff\xc0')
    for height, width in ((0, 8), (8, 0), (65_535, 65_535), (65_535, 1)):
        yield f'{width} x {height}', good[:frame + 5] + struct.pack('>HH', height, width) + good[frame + 9:]
    for count in (0, 2, 255):
        yield f'{count} components', good[:frame + 9] + bytes([count]) + good[frame + 10:]
    for name, marker in dict(tables=b'\xff\xdb', codes=b'\xff\xc4', scan=b'\xff\xda').items():
        yield f'no {name}', good.replace(marker, b'\xff\xe9')
    for part in (0.1, 0.5, 0.9):
        yield f'{part:.0%} of it, and an end', good[:int(part * len(good))] + b'\xff\xd9'
    for name, content in {
            'EXIF of nothing': b'Exif\0\0',
            'EXIF that points to itself': b'Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87'
            b'\x04\0\x01\0\0\0\x08\0\0\0',
            'a profile of nothing': b'ICC_PROFILE\0\x01\x01'
    }.items():
        yield name, good[:2] + b'\xff\xe1' + struct.pack('>H', len(content) + 2) + content + good[2:]
    yield 'an endless segment', good[:2] + b'\xff\xe1\xff\xff'


def others() -> Iterator[tuple[str, str, bytes]]:
    """(suffix, what is wrong, content) of the rarer forms."""
    for suffix, place, form in (('.bmp', 18, '<i'), ('.gif', 6, '<H'), ('.webp', 26, '<H'), ('.hdr', 0, '<H')):
        good = b'GIF89a' + struct.pack('<HHBBB', 8, 8, 0, 0, 0) + b',' + struct.pack('<HHHHB', 0, 0, 8, 8, 0) + b'\x02\0;' \
            if suffix == '.gif' else b'#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 99999 +X 99999\n' if suffix == '.hdr' \
            else _encoded(suffix)
        for value in (0, 1, 2**15 - 1) if form != '<i' else (0, -1, 2**31 - 1, -2**31):
            size = struct.calcsize(form)
            yield suffix, f'a side of {value}', good[:place] + struct.pack(form, value) + good[place + size:]
        yield suffix, 'half of it', good[:len(good) // 2]
        yield suffix, 'as it is' if suffix in ('.gif', '.hdr') else 'half of it twice', (good if suffix in ('.gif', '.hdr') else
                                                                                         good[:len(good) // 2] * 2)
    good = _raster('JP2OpenJPEG')
    start = good.index(b'\xff\x4f\xff\x51') + 8
    for place, values in {0: (*HUGE, 2_000_000), 4: HUGE, 16: (0, 1, 2**31), 20: (0, 1)}.items():
        for value in values:
            yield '.jp2', f'field {place} = {value}', good[:start + place] + struct.pack('>I', value) + good[start + place + 4:]
