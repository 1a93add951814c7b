"""Calibration and thermal noise of a Sentinel-1 product: look-up tables of its annotation, between whose entries is linear."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from mmsight.errors import InputError


class LookupTable:
    """Values at some pixels of some lines: bilinear between them, and constant beyond.

    Args:
        lines (Sequence[float]): Of each row of the table, ascending.
        rows (Sequence[tuple[np.ndarray, np.ndarray]]): Ascending pixels of a line, and their values.
    """

    def __init__(self, lines: Sequence[float], rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self.lines, self.rows = np.asarray(lines, float), rows

    def at(self, lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Values, float32 (H, W), on the grid of ascending lines (H, ) and pixels (W, )."""
        if len(self.lines) == 1:
            return np.broadcast_to(np.interp(pixels, *self.rows[0]).astype(np.float32), (len(lines), len(pixels)))
        upper = np.searchsorted(self.lines, lines, 'right').clip(1, len(self.lines) - 1)
        lower = upper - 1
        share = ((lines - self.lines[lower]) / (self.lines[upper] - self.lines[lower])).clip(0, 1).astype(np.float32)[:, None]
        first = int(lower.min())
        table = np.stack([np.interp(pixels, *row) for row in self.rows[first:int(upper.max()) + 1]]).astype(np.float32)
        return table[lower - first] * (1 - share) + table[upper - first] * share


class Block(NamedTuple):
    """Factors of the noise along the lines of a part of a product, whose first and last line and pixel belong to it."""

    first_line: float
    last_line: float
    first_pixel: float
    last_pixel: float
    lines: np.ndarray
    factors: np.ndarray


class Noise:
    """Thermal noise in squares of the stored numbers: along a line from a table, times a factor that varies with the line.

    Products before version 2.9 of the processor have no factors.
    """

    def __init__(self, table: LookupTable, blocks: Sequence[Block] = ()) -> None:
        self.table, self.blocks = table, blocks

    def at(self, lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """See :meth:`LookupTable.at`."""
        found = self.table.at(lines, pixels)
        if not self.blocks:
            return found
        found = found.copy()
        for block in self.blocks:
            top, bottom = np.searchsorted(lines, (block.first_line - 0.5, block.last_line + 0.5))
            left, right = np.searchsorted(pixels, (block.first_pixel - 0.5, block.last_pixel + 0.5))
            if bottom > top and right > left:
                factors = np.interp(lines[top:bottom], block.lines, block.factors).astype(np.float32)
                found[top:bottom, left:right] *= factors[:, None]
        return found


def read_calibration(name: str, root: Element) -> LookupTable:
    """What stored numbers are divided by to give the square root of sigma0.

    Args:
        name (str): Of the file, which begins a sentence.
        root (Element): Of its xml.

    Raises:
        InputError: If it has no such table, or a damaged one.
    """
    table = _read_table(name, root.findall('.//calibrationVector'), 'sigmaNought')
    if table is None:
        raise InputError(f'{name}: it has no calibration vectors: the product is not complete, copy or download it again')
    if not all((values > 0).all() for _, values in table.rows):
        raise InputError(f'{name}: the calibration has values that are not above 0: the file is damaged')
    return table


def read_noise(name: str, root: Element) -> Noise | None:
    """The thermal noise, in the form that it has since version 2.9 of the processor or in the older; None without any.

    Args:
        name (str), root (Element): See :func:`read_calibration`.

    Raises:
        InputError: If it is damaged.
    """
    table = _read_table(name, root.findall('.//noiseRangeVector'), 'noiseRangeLut')
    if table is None:
        table = _read_table(name, root.findall('.//noiseVector'), 'noiseLut')
        return None if table is None else Noise(table)
    blocks = []
    for part in root.findall('.//noiseAzimuthVector'):
        first_line, last_line, first_pixel, last_pixel = (read_number(name, part, tag) for tag in (
            'firstAzimuthLine', 'lastAzimuthLine', 'firstRangeSample', 'lastRangeSample'))
        lines, factors = _row(name, part, 'line', 'noiseAzimuthLut')
        blocks.append(Block(first_line, last_line, first_pixel, last_pixel, lines, factors))
    return Noise(table, blocks)


def _read_table(name: str, vectors: Sequence[Element], tag: str) -> LookupTable | None:
    if not vectors:
        return None
    lines = [read_number(name, vector, 'line') for vector in vectors]
    if (np.diff(lines) <= 0).any():
        raise InputError(f'{name}: the lines of its {vectors[0].tag}s do not ascend: the file is damaged')
    return LookupTable(lines, [_row(name, vector, 'pixel', tag) for vector in vectors])


def _row(name: str, vector: Element, places: str, tag: str) -> tuple[np.ndarray, np.ndarray]:
    """Ascending places, and as many values."""
    where, values = read_numbers(name, vector, places), read_numbers(name, vector, tag)
    if not len(where) or len(where) != len(values) or (np.diff(where) <= 0).any():
        raise InputError(f'{name}: a {vector.tag} has {len(values)} values of <{tag}> for {len(where)} of <{places}>, which '
                         'should ascend: the file is damaged')
    return where, values


def read_number(name: str, element: Element, tag: str) -> float:
    """The one number in ``tag`` below ``element``; InputError, which begins with ``name``, if it is not finite, or none."""
    found = read_numbers(name, element, tag)
    if len(found) != 1:
        raise InputError(f'{name}: a {element.tag} has {len(found)} values of <{tag}>, not one: the file is damaged')
    return float(found[0])


def read_numbers(name: str, element: Element, tag: str) -> np.ndarray:
    """Numbers in ``tag`` below ``element``, float64 (N, ); InputError as :func:`read_number`."""
    text = element.findtext(tag) or ''
    try:
        found = np.array(text.split(), float)
    except ValueError:
        found = np.full(1, np.nan)
    if not np.isfinite(found).all():
        raise InputError(f"{name}: <{tag}> should hold finite numbers, found '{text.strip()[:40]}': the file is damaged")
    return found
