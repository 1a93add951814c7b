"""Where the first azimuth ambiguities of a target lie in a Sentinel-1 product: its ghosts before and behind it."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from mmsight.annotations import tag_text
from mmsight.errors import InputError
from mmsight.safe_tables import LookupTable, read_number, read_numbers

_NEEDED = ('downlinkInformation/prf', 'downlinkInformation/swath', 'azimuthFmRate/t0', 'azimuthFmRate/azimuthFmRatePolynomial',
           'geolocationGridPoint/slantRangeTime', 'imageInformation/azimuthTimeInterval', 'imageInformation/rangePixelSpacing',
           'imageInformation/azimuthPixelSpacing')
"""All that an annotation has to state."""


class Swath(NamedTuple):
    """A part of a product, whose first and last line and pixel belong to it, and its pulse repetition frequency in Hz."""

    first_line: float
    last_line: float
    first_pixel: float
    last_pixel: float
    prf: float


class Ambiguities:
    """How far from a target its first azimuth ambiguities lie.

    The pulse repetition frequency (PRF) samples the Doppler spectrum. What the side lobes of the antenna receive one PRF off
    focuses as if it were the target, PRF / abs(Ka) seconds before and behind it, Ka being the azimuth FM rate in Hz/s
    (Curlander and McDonough, Synthetic Aperture Radar, 1991, chapter 6). With Ka = 2 V^2 / (lambda R), and V^2 taken as the
    speed of the satellite times that of its beam on the ground, this is lambda R PRF / (2 V_satellite) on the ground, 4.5 to
    6 km in IW. Ka is the product's own, so that no speed has to be approximated.

    Args:
        swaths (Sequence[Swath]): Parts with a PRF each.
        times (LookupTable): Two-way slant range times in seconds.
        start (float), rates (np.ndarray): Ka as a polynomial, lowest power first, in the slant range time less ``start``.
        interval (float): Seconds between lines.
        spacing (tuple[float, float]): Metres between pixels, and between lines.
    """

    def __init__(self, swaths: Sequence[Swath], times: LookupTable, start: float, rates: np.ndarray, interval: float,
                 spacing: tuple[float, float]) -> None:
        self.swaths, self.times, self.start, self.rates = swaths, times, start, rates
        self.interval, self.spacing = interval, spacing

    def offset(self, x: float, y: float) -> float:
        """Lines from a target at a place in pixels to each of its first ambiguities; nan where no swath is."""
        prf = next((swath.prf for swath in self.swaths if swath.first_line <= y < swath.last_line + 1
                    and swath.first_pixel <= x < swath.last_pixel + 1), np.nan)
        time = self.times.at(np.array([y]), np.array([x]))[0, 0]
        return float(prf / abs(np.polynomial.polynomial.polyval(time - self.start, self.rates)) / self.interval)


def missing_elements(root: Element) -> list[str]:
    """What of that which :func:`read_ambiguities` needs an annotation lacks."""
    missing = [path for path in _NEEDED if not (root.findtext(f'.//{path}') or '').strip()]
    if len(root.findall('.//downlinkInformation')) > 1 and root.find('.//swathMerge/swathBoundsList/swathBounds') is None:
        missing.append('swathMerge/swathBoundsList/swathBounds')
    return missing


def read_ambiguities(name: str, root: Element) -> Ambiguities:
    """Read them from an annotation.

    Args:
        name (str): Of the file, which begins a sentence.
        root (Element): Of its xml; nothing of :func:`missing_elements` is missing.

    Raises:
        InputError: If it is damaged.
    """
    downlinks = root.findall('.//downlinkInformation')
    frequencies = {tag_text(name, part, 'swath').strip(): _positive(name, part, 'prf') for part in downlinks}
    swaths = []
    for part in root.findall('.//swathMerge'):
        swath = tag_text(name, part, 'swath').strip()
        if swath not in frequencies:
            raise InputError(f"{name}: a swathMerge names the swath '{swath[:40]}', of which there is no downlinkInformation: "
                             'the file is damaged')
        for bounds in part.findall('swathBoundsList/swathBounds'):
            first_line, last_line, first_pixel, last_pixel = (read_number(name, bounds, tag) for tag in (
                'firstAzimuthLine', 'lastAzimuthLine', 'firstRangeSample', 'lastRangeSample'))
            swaths.append(Swath(first_line, last_line, first_pixel, last_pixel, frequencies[swath]))
    if not swaths:  # a strip map is of one swath
        swaths = [Swath(-np.inf, np.inf, -np.inf, np.inf, prf) for prf in frequencies.values()]
    rows: dict[float, list[tuple[float, float]]] = {}
    for point in root.findall('.//geolocationGridPoint'):
        rows.setdefault(read_number(name, point, 'line'), []).append(
            (read_number(name, point, 'pixel'), _positive(name, point, 'slantRangeTime')))
    lines = sorted(rows)
    grid = [np.array(sorted(rows[line])).T for line in lines]
    times = LookupTable(lines, [(pixels, values) for pixels, values in grid])
    rates = root.findall('.//azimuthFmRate')
    rate = rates[len(rates) // 2]  # one for all lines: along the 200 km of a product it changes little
    image = root.find('.//imageInformation')
    assert image is not None
    return Ambiguities(swaths, times, _positive(name, rate, 't0'), read_numbers(name, rate, 'azimuthFmRatePolynomial'),
                       _positive(name, image, 'azimuthTimeInterval'),
                       (_positive(name, image, 'rangePixelSpacing'), _positive(name, image, 'azimuthPixelSpacing')))


def _positive(name: str, element: Element, tag: str) -> float:
    found = read_number(name, element, tag)
    if found <= 0:
        raise InputError(f'{name}: <{tag}> should be above 0, found {found:g}: the file is damaged')
    return found
