"""Sentinel-1 GRD products as they come: backscatter sigma0 from a ``.SAFE`` folder or its ``.zip``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from mmsight.ambiguities import Ambiguities, missing_elements, read_ambiguities
from mmsight.annotations import tag_text
from mmsight.errors import InputError
from mmsight.raster_values import Raster
from mmsight.reading import check_regular
from mmsight.safe_files import KIND, SafeFiles
from mmsight.safe_tables import LookupTable, Noise, read_calibration, read_noise

POLARISATIONS = ('VV', 'VH', 'HH', 'HV')
"""Sent, and received."""


class _Band(NamedTuple):
    """One polarisation: its measurement, and its tables."""

    measurement: str
    raster: Raster
    calibration: LookupTable
    noise: Noise | None


class Sentinel1:
    """A product, read as :class:`mmsight.raster_values.Raster` is.

    Values are sigma0 = (DN^2 - noise) / A^2 (linear power, at least 0), with the calibration A and the thermal noise of the
    product's own tables, DN being the stored amplitude. DN 0 is no data.

    Args:
        path (Path): The folder, or the zip of it.
        bands (Sequence[str | int], optional): Polarisations, e.g. ``['VH']``, or their numbers from 1. None takes the one in
            which the radar sends and receives alike.
        nodata (float, optional): DN of pixels without data. Defaults to 0.

    Attributes:
        ambiguities (Ambiguities, optional): None where the annotation does not state what it takes.

    Raises:
        InputError: If it is no GRD product, a part of it is missing or damaged, or it has no such polarisation.
    """

    orientation = 1

    def __init__(self, path: Path, bands: Sequence[str | int] | None = None, nodata: float | None = None) -> None:
        self.path = path
        self.done: list[str] = []
        self.doubts: list[str] = []
        self.dtype = np.dtype(np.float32)
        self._files = SafeFiles(path)
        self._bands: list[_Band] = []
        try:
            parts = _polarisations(self._files)
            self.bands = [_chosen(path, band, list(parts)) for band in bands] if bands else [_usual(list(parts))]
            for name in self.bands:
                self._bands.append(self._open(parts[name], 0 if nodata is None else nodata))
            annotation = f'annotation/{parts[self.bands[0]]}.xml'
            said, root = self._files.sentence_name(annotation), self._files.read_xml(annotation)
            missing = missing_elements(root)
            self.ambiguities: Ambiguities | None = None if missing else read_ambiguities(said, root)
        except BaseException:
            self.close()
            raise
        self.channels = len(self.bands)
        self.file = self._bands[0].raster.file
        self.width, self.height = self.file.width, self.file.height
        self.done.append(f"{' '.join(self.bands)} of {' and '.join(parts)}, calibrated to sigma0"
                         f"{'' if None in self._noises else ', without thermal noise'}")
        if None in self._noises:
            self.doubts.append('its thermal noise stays in it, as the product has no tables of it')
        if missing:
            self.doubts.append(f"azimuth ambiguities are not looked for, as its annotation has no {' and no '.join(missing)}")

    @property
    def _noises(self) -> list[Noise | None]:
        return [band.noise for band in self._bands]

    def _open(self, stem: str, nodata: float) -> _Band:
        """Open one polarisation, whose files are named after ``stem``."""
        names = self._files.names
        annotation, calibration, noise = (f'annotation/{part}{stem}.xml' for part in (
            '', 'calibration/calibration-', 'calibration/noise-'))
        if calibration not in names:
            raise InputError(f'{self.path}: the product is not complete, {calibration} is missing: copy or download it again, '
                             'or give its measurement/*.tiff, which is then read without calibration')
        table = read_calibration(self._files.sentence_name(calibration), self._files.read_xml(calibration))
        noises = read_noise(self._files.sentence_name(noise), self._files.read_xml(noise)) if noise in names else None
        measurement = next(found for found in names if found.startswith('measurement/') and _stem(found) == stem)
        said = _size(self._files, annotation)
        unpacked = self._files.measurement(measurement, 4 * said[0] * said[1] + 2**20)  # twice its 16 bits, and headers
        with self._named(unpacked, measurement):
            raster = Raster(unpacked, [1], nodata)
        if (raster.width, raster.height) != said:
            raise InputError(f'{self.path}: {measurement} has {raster.width} x {raster.height} pixels, and {annotation} says '
                             f'{said[0]} x {said[1]}: the product is damaged, copy or download it again')
        if self._bands and (raster.width, raster.height) != (self._bands[0].raster.width, self._bands[0].raster.height):
            raise InputError(f'{self.path}: its polarisations have different sizes: the product is damaged')
        return _Band(measurement, raster, table, noises)

    @contextmanager
    def _named(self, unpacked: Path, name: str) -> Iterator[None]:
        """Sentences name the file in the product, wherever it was unpacked."""
        try:
            yield
        except InputError as error:
            raise InputError(str(error).replace(str(unpacked), self._files.sentence_name(name))) from error

    def read(self, x: int, y: int, width: int, height: int,
             out_size: tuple[int, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A window of sigma0, float32 (polarisations, h, w), and where there are data; see
        :meth:`mmsight.raster_values.Raster.read`. One that is reduced is made of the mean amplitude, about 1 dB too low."""
        rows, columns = out_size or (height, width)
        lines = y + (np.arange(rows) + 0.5) * height / rows - 0.5
        pixels = x + (np.arange(columns) + 0.5) * width / columns - 0.5
        found, valid = [], np.ones((rows, columns), bool)
        for band in self._bands:
            with self._named(band.raster.path, band.measurement):
                stored, there = band.raster.read(x, y, width, height, out_size)
            power = np.square(stored[0], dtype=np.float32)
            if band.noise is not None:
                power = np.maximum(power - band.noise.at(lines, pixels), 0)
            found.append(power / np.square(band.calibration.at(lines, pixels)))
            valid &= there
        return np.stack(found), valid

    def close(self) -> None:
        """Close the files, and remove what was unpacked."""
        for band in self._bands:
            band.raster.close()
        self._files.close()


def is_product(path: Path) -> bool:
    """Whether a path is a folder or a zip, as products come; InputError if it is a pipe or a device."""
    if path.is_dir():
        return True
    check_regular(path)
    try:
        with path.open('rb') as file:
            return file.read(4) == b'PK\x03\x04'
    except OSError:
        return False


def count_pixels(path: Path) -> int:
    """Pixels of a product by its annotation.

    Raises:
        InputError: If it cannot be read.
    """
    files = SafeFiles(path)
    width, height = _size(files, f'annotation/{next(iter(_polarisations(files).values()))}.xml')
    return width * height


def _stem(name: str) -> str:
    """What the files of a polarisation have in common; cloud-optimised measurements have an ending of their own."""
    return PurePosixPath(name).stem.removesuffix('-cog')


def _polarisations(files: SafeFiles) -> dict[str, str]:
    """Polarisation to what its files are named after, as the product lists them."""
    found = {}
    measurements = [name for name in files.names if name.startswith('measurement/')]
    for measurement in sorted(measurements, key=lambda name: _stem(name).rpartition('-')[2]):  # numbered by the product
        annotation = f'annotation/{_stem(measurement)}.xml'
        if annotation not in files.names:
            raise InputError(f'{files.path}: the product is not complete, {annotation} is missing: copy or download it again, '
                             f'or give {measurement}, which is then read without calibration')
        said, root = files.sentence_name(annotation), files.read_xml(annotation)
        header = root.find('adsHeader')
        if header is None:
            raise InputError(f'{said}: <adsHeader> is missing: the file is no annotation of {KIND}')
        if (kind := tag_text(said, header, 'productType').strip()) != 'GRD':
            raise InputError(f'{files.path}: the product is of type {kind}, and GRD is read')
        found[tag_text(said, header, 'polarisation').strip()] = _stem(measurement)
    return found


def _size(files: SafeFiles, annotation: str) -> tuple[int, int]:
    """(w, h) in pixels, as an annotation says it."""
    said, root = files.sentence_name(annotation), files.read_xml(annotation)
    sizes = [root.findtext(f'.//imageInformation/{tag}', '').strip() for tag in ('numberOfSamples', 'numberOfLines')]
    if not all(size.isdecimal() for size in sizes):
        raise InputError(f'{said}: it does not say how many samples and lines there are: the file is damaged')
    return int(sizes[0]), int(sizes[1])


def _usual(names: Sequence[str]) -> str:
    return next((name for name in names if name[0] == name[-1]), names[0])


def _chosen(path: Path, band: str | int, names: Sequence[str]) -> str:
    if isinstance(band, str) and band.upper() in names:
        return band.upper()
    if isinstance(band, int) and 1 <= band <= len(names):
        return names[band - 1]
    raise InputError(f"{path}: --bands {band}: the product has the polarisation{'s' * (len(names) > 1)} {' and '.join(names)}")
