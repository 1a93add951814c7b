"""A tiny product of Sentinel-1 in the form of ESA's: folders, names, xml, control points; and its sigma0 by the definition."""

import shutil
from pathlib import Path

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint

STEM = 's1a-iw-grd-{}-20240102t053000-20240102t053025-051912-0645d1-00{}'
NAME = 'S1A_IW_GRDH_1SDV_20240102T053000_20240102T053025_051912_0645D1_ABCD.SAFE'
HEIGHT, WIDTH = 120, 160
LINES, PIXELS = (0, 50, 130), (0, 40, 80, 120, 159)
"""Of the tables: the last line lies beyond the image, as in true products."""
FREQUENCIES = dict(IW1=1717.129, IW2=1451.627)
"""Pulses a second, as Sentinel-1 sends them; the swaths meet at :data:`SEAM`."""
SEAM = 60
FM_RATE = 5.674779755092819e-3, (-2.170515874841713e3, 3.988051193274622e5, -6.535396014283583e7)
"""Of a product of 2 January 2021."""
INTERVAL, SPACING = 1.4935e-3, 10
"""Seconds and metres between lines."""


def slant_time(line, pixel):
    """Two-way seconds to a pixel; they grow far faster than in a true product, so that few pixels span IW's swath."""
    return 5.45e-3 + 3e-6 * pixel + 2e-8 * line


def calibration(line, pixel):
    """What a table holds there; neither constant nor a plane."""
    return 300 + 0.3 * pixel + 1.2 * line - 2e-3 * line * pixel


def noise(line, pixel):
    return 50 + 1.5 * pixel + 0.4 * line


def factor(line):
    """Of the noise, along the lines."""
    return 1 + 0.004 * line


def bilinear(function, line, pixel):
    """A table's value by the definition, at one place."""
    def bracket(nodes, place):
        upper = next(index for index, node in enumerate(nodes) if node >= place or index == len(nodes) - 1)
        low, high = nodes[max(upper - 1, 0)], nodes[max(upper, 1)]
        return low, high, (place - low) / (high - low)
    (l0, l1, f), (p0, p1, g) = bracket(LINES, line), bracket(PIXELS, pixel)
    return ((1 - f) * ((1 - g) * function(l0, p0) + g * function(l0, p1))
            + f * ((1 - g) * function(l1, p0) + g * function(l1, p1)))


def sigma0(dn, line, pixel, scheme='new'):
    """(DN^2 - noise) / A^2, at least 0, at one place."""
    found = 0.0
    if scheme:
        found = bilinear(noise, line, pixel) * (factor(line) if scheme == 'new' and 30 <= line <= 100 and pixel >= 60 else 1)
    return max(float(dn)**2 - found, 0) / bilinear(calibration, line, pixel)**2


def ascending(column, row):
    """Longitude and latitude where the sensor flies north and looks to its right: the image is upside down."""
    return 10 + 1.3e-4 * column + 2e-5 * row + 1e-8 * row**2, 54 + 9e-5 * row + 1.5e-5 * column


def descending(column, row):
    """As it flies south: mirrored."""
    return 10 - 1.3e-4 * column - 2e-5 * row, 54 - 9e-5 * row + 1.5e-5 * column


def _vector(tag, line, names):
    parts = ''.join(f'<{name} count="{len(values)}">{" ".join(format(value, ".9e") for value in values)}</{name}>'
                    for name, values in names.items())
    return f'<{tag}><azimuthTime>2024-01-02T05:30:00</azimuthTime><line>{line}</line>' \
           f'<pixel count="{len(PIXELS)}">{" ".join(map(str, PIXELS))}</pixel>{parts}</{tag}>'


def _document(root, name, body):
    header = f'<adsHeader><productType>GRD</productType><polarisation>{name}</polarisation></adsHeader>'
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{header}{body}</{root}>'


def _radar(height, width):
    """What the annotation says of pulses and geometry."""
    parts = ''.join(f'<downlinkInformation><swath>{swath}</swath><prf>{prf:.9e}</prf></downlinkInformation>'
                    for swath, prf in FREQUENCIES.items())
    start, rates = FM_RATE
    rate = (f'<azimuthFmRate><t0>{start!r}</t0><azimuthFmRatePolynomial count="3">{" ".join(map(repr, rates))}'
            '</azimuthFmRatePolynomial></azimuthFmRate>')
    points = ''.join(f'<geolocationGridPoint><slantRangeTime>{slant_time(line, pixel):.15e}</slantRangeTime><line>{line}</line>'
                     f'<pixel>{pixel}</pixel></geolocationGridPoint>' for line in (0, height - 1) for pixel in PIXELS)
    merged = ''.join(f'<swathMerge><swath>{swath}</swath><swathBoundsList count="1"><swathBounds>'
                     f'<firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>{first}</firstRangeSample>'
                     f'<lastAzimuthLine>{height - 1}</lastAzimuthLine><lastRangeSample>{last}</lastRangeSample>'
                     '</swathBounds></swathBoundsList></swathMerge>'
                     for swath, first, last in (('IW1', 0, SEAM - 1), ('IW2', SEAM, width - 1)))
    return (f'<generalAnnotation><downlinkInformationList count="2">{parts}</downlinkInformationList>'
            f'<azimuthFmRateList count="1">{rate}</azimuthFmRateList></generalAnnotation><geolocationGrid>'
            f'<geolocationGridPointList>{points}</geolocationGridPointList></geolocationGrid><swathMerging>'
            f'<swathMergeList count="2">{merged}</swathMergeList></swathMerging>')


def make_safe(folder, bands=None, scheme='new', places=descending, points=None):
    """Write a product.

    Args:
        folder (Path): In which its folder is made.
        bands (dict, optional): Polarisation to stored amplitude, uint16. Defaults to random ones of VV and VH.
        scheme (str, optional): ``'new'``, ``'old'`` (before processor version 2.9) or None: how noise is stated.
        places (Callable): Longitude and latitude of a column and a row.
        points (list, optional): Columns and rows of the control points.

    Returns:
        Path: The ``.SAFE`` folder.
    """
    rng = np.random.default_rng(0)
    bands = bands or {name: rng.integers(1, 900, (HEIGHT, WIDTH)).astype(np.uint16) for name in ('VV', 'VH')}
    points = points or [(column, row) for row in range(0, HEIGHT + 1, 40) for column in range(0, WIDTH + 1, 40)]
    root = Path(folder) / NAME
    (root / 'annotation' / 'calibration').mkdir(parents=True)
    (root / 'measurement').mkdir()
    (root / 'manifest.safe').write_text('<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1"/>')
    for number, (name, amplitude) in enumerate(bands.items(), 1):
        stem = STEM.format(name.lower(), number)
        with rasterio.open(root / 'measurement' / f'{stem}.tiff', 'w', driver='GTiff', count=1, height=amplitude.shape[0],
                           width=amplitude.shape[1], dtype='uint16') as file:
            file.write(amplitude, 1)
            file.gcps = [GroundControlPoint(row, column, *places(column, row)) for column, row in points], 'EPSG:4326'
        size = f'<imageAnnotation><imageInformation><azimuthTimeInterval>{INTERVAL}</azimuthTimeInterval>' \
               f'<rangePixelSpacing>{SPACING}</rangePixelSpacing><azimuthPixelSpacing>{SPACING}</azimuthPixelSpacing>' \
               f'<numberOfSamples>{amplitude.shape[1]}</numberOfSamples>' \
               f'<numberOfLines>{amplitude.shape[0]}</numberOfLines></imageInformation></imageAnnotation>'
        (root / 'annotation' / f'{stem}.xml').write_text(_document('product', name, size + _radar(*amplitude.shape)))
        tables = root / 'annotation' / 'calibration'
        vectors = ''.join(_vector('calibrationVector', line, {
            'sigmaNought': [calibration(line, pixel) for pixel in PIXELS], 'dn': [1.0] * len(PIXELS)}) for line in LINES)
        (tables / f'calibration-{stem}.xml').write_text(_document(
            'calibration', name, f'<calibrationVectorList count="{len(LINES)}">{vectors}</calibrationVectorList>'))
        if scheme:
            tag, lut = ('noiseRangeVector', 'noiseRangeLut') if scheme == 'new' else ('noiseVector', 'noiseLut')
            body = f'<{tag}List>' + ''.join(_vector(tag, line, {lut: [noise(line, pixel) for pixel in PIXELS]})
                                            for line in LINES) + f'</{tag}List>'
            if scheme == 'new':
                body += ('<noiseAzimuthVectorList count="1"><noiseAzimuthVector><swath>IW2</swath>'
                         '<firstAzimuthLine>30</firstAzimuthLine><firstRangeSample>60</firstRangeSample>'
                         f'<lastAzimuthLine>100</lastAzimuthLine><lastRangeSample>{WIDTH - 1}</lastRangeSample>'
                         f'<line count="2">30 100</line><noiseAzimuthLut count="2">{factor(30)} {factor(100)}</noiseAzimuthLut>'
                         '</noiseAzimuthVector></noiseAzimuthVectorList>')
            (tables / f'noise-{stem}.xml').write_text(_document('noise', name, body))
    return root


def zip_safe(root):
    """The zip of a product, as it is downloaded."""
    return Path(shutil.make_archive(str(root.with_suffix('')), 'zip', root.parent, root.name))
