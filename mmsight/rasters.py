"""The one place that opens raster files: by what is in them, with a short list of formats, and nothing but the file itself."""

import io
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from mmsight.errors import InputError
from mmsight.image_header import check_format
from mmsight.jpeg2000 import check_tiles
from mmsight.memory import check_memory
from mmsight.reading import reading

_DRIVERS = {
    b'II*\0': 'GTiff', b'MM\0*': 'GTiff', b'II+\0': 'GTiff', b'MM\0+': 'GTiff',
    b'\0\0\0\x0cjP  ': 'JP2OpenJPEG', b'\xff\x4f\xff\x51': 'JP2OpenJPEG',
    b'\x89PNG': 'PNG', b'\xff\xd8\xff': 'JPEG',
}
"""The first bytes of a file to the driver of GDAL that reads it; a cloud-optimised GeoTIFF is a GeoTIFF."""
_ALONE = dict(
    GDAL_DISABLE_READDIR_ON_OPEN='EMPTY_DIR',  # no .ovr, .msk, .aux.xml or world file beside it
    GDAL_PAM_ENABLED='NO',
    GDAL_GEOREF_SOURCES='INTERNAL',
    CPL_VSIL_CURL_ALLOWED_EXTENSIONS='.none',  # no network
    CPL_CURL_ENABLE_VSIMEM='NO',
    GDAL_HTTP_MAX_RETRY='0',
    PROJ_NETWORK='OFF',
    GDAL_CACHEMAX=160 * 2**20,  # a row of tiles of 20,000 floating-point pixels; else 5 % of the machine's memory
)
LARGE_BLOCK = 2**26
"""Bytes of a block from which its size must have some relation to that of the image."""
KIND = 'a GeoTIFF, JPEG 2000, PNG or JPEG'


@contextmanager
def raster_options() -> Iterator[None]:
    """Settings under which GDAL reads neither files beside a raster nor the network."""
    with rasterio.Env(**_ALONE):
        yield


def is_raster(start: bytes) -> bool:
    """Whether a file that begins so is a TIFF or a JPEG 2000."""
    return any(start.startswith(magic) for magic, driver in _DRIVERS.items() if driver in ('GTiff', 'JP2OpenJPEG'))


def open_raster(path: Path, memory: rasterio.MemoryFile | None = None, raw: bool = False) -> rasterio.DatasetReader:
    """Open a GeoTIFF, JPEG 2000, PNG or JPEG, whatever its name ends in.

    By default GDAL would open a ``.tif`` that contains a VRT or WMS document, and read the files and servers it names.

    Args:
        path (Path): A file, or what names its content in sentences.
        memory (rasterio.MemoryFile, optional): Holds its content, and stays open as long as the raster is.
        raw (bool): Take a TIFF's samples as they are stored, where GDAL's library would turn CMYK and CIELAB into RGB.

    Raises:
        InputError: If it cannot be read, is of another format, names other files to be read in its place, or is stored in
            blocks that take more memory than is allowed.
    """
    with reading(path, KIND):
        name = os.fspath(path.resolve(strict=True)) if memory is None else memory.name
        with open(name, 'rb') if memory is None else io.BytesIO(memory.getbuffer()) as file:
            start = file.read(12)
            driver = next((driver for magic, driver in _DRIVERS.items() if start.startswith(magic)), None)
            if driver == 'JP2OpenJPEG':
                check_tiles(path, file)
        if driver is None:
            check_format(start)
    if driver is None:
        raise InputError(f'{path}: the file is damaged, or not {KIND}: it begins with {start!r}')
    with reading(path, KIND), raster_options(), warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        found = rasterio.open(f'GTIFF_RAW:{name}' if raw else name, driver=driver)
        named = found.tags(ns='OVERVIEWS').get('OVERVIEW_FILE')
        block = max(math.prod(shape) * np.dtype(kind).itemsize
                    for shape, kind in zip(found.block_shapes, found.dtypes, strict=True))
        if found.interleaving is not None and found.interleaving.value == 'PIXEL':
            block *= found.count
    check_memory(path, 2 * block, 'a block of its pixels, which can only be read whole,')
    if block > LARGE_BLOCK and max(map(math.prod, found.block_shapes)) > 16 * found.width * found.height:
        found.close()
        raise InputError(f'{path}: the file is damaged: its pixels are said to be stored in blocks much larger than the image')
    if named is not None:
        found.close()
        raise InputError(f"{path}: its overviews are said to be in another file, '{named}', which is not read: copy the image "
                         'without them, say with gdal_translate -co COPY_SRC_OVERVIEWS=NO')
    return found
