"""Sentinel-1 products: calibration against its definition, positions of both passes, and what is refused."""

import csv
import json
import os
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rasterio.warp import transform

from mmsight.apis.scene import Scene, count_pixels
from mmsight.apis.ships import describe
from mmsight.errors import InputError
from mmsight.files import list_files
from mmsight.forms import FORMS
from mmsight.sentinel1 import Sentinel1
from mmsight.tasks import find_tasks
from tests import safe

pyogrio = pytest.importorskip('pyogrio', reason="the tests of vector files need pyogrio, of the extra 'dev'")
PLACES = [(0, 0), (1, 79), (29, 70), (30, 60), (65, 59), (65, 61), (100, 159), (101, 159), (119, 3), (119, 159)]
"""Lines and pixels at the edges of tables and of blocks of noise."""


@pytest.fixture
def amplitude():
    return {name: np.random.default_rng(seed).integers(1, 900, (safe.HEIGHT, safe.WIDTH)).astype(np.uint16)
            for seed, name in enumerate(('VV', 'VH'))}


@pytest.mark.parametrize('packed', [False, True])
@pytest.mark.parametrize('scheme', ['new', 'old', None])
def test_sigma0_is_that_of_the_definition(scheme, packed, amplitude, tmp_path):
    amplitude['VH'][10, 20] = 0
    path = safe.make_safe(tmp_path, amplitude, scheme)
    for bands, name in ((None, 'VV'), (['vh'], 'VH'), ([2], 'VH')):
        product = Sentinel1(safe.zip_safe(path) if packed else path, bands)
        assert (product.width, product.height, product.bands) == (safe.WIDTH, safe.HEIGHT, [name])
        values, valid = product.read(0, 0, safe.WIDTH, safe.HEIGHT)
        assert values.dtype == np.float32 and valid.sum() == valid.size - (name == 'VH')
        for line, pixel in PLACES:
            expected = safe.sigma0(amplitude[name][line, pixel], line, pixel, scheme)
            assert values[0, line, pixel] == pytest.approx(expected, rel=1e-5, abs=1e-9)
        window, _ = product.read(37, 41, 90, 70)
        np.testing.assert_allclose(window, values[:, 41:111, 37:127], rtol=1e-5)
        assert any('thermal noise stays' in doubt for doubt in product.doubts) == (scheme is None)
        product.close()


def test_a_reduced_window_lies_where_the_whole_one_does(tmp_path):
    flat = {'VV': np.full((safe.HEIGHT, safe.WIDTH), 500, np.uint16)}
    product = Sentinel1(safe.make_safe(tmp_path, flat))
    whole, _ = product.read(0, 0, safe.WIDTH, safe.HEIGHT)
    small, valid = product.read(0, 0, safe.WIDTH, safe.HEIGHT, (30, 40))
    assert valid.all()
    np.testing.assert_allclose(small[0], whole[0].reshape(30, 4, 40, 4).mean(axis=(1, 3)), rtol=0.01)


@pytest.mark.parametrize('places', [safe.ascending, safe.descending])
def test_positions_and_headings_of_both_passes(places, tmp_path):
    scene = Scene(safe.make_safe(tmp_path, places=places))
    x, y = 70.0, 50.0
    ship, = describe(np.array([[x, y, 40, 8, np.radians(30)]]), np.ones(1), np.zeros(1, int), True, ['ship'], scene)
    assert (ship['longitude'], ship['latitude']) == pytest.approx(places(x, y), abs=1e-6)
    # bow and stern in metres of a map of their own
    ends = [places(x + sign * 20 * np.cos(np.radians(30)), y + sign * 20 * np.sin(np.radians(30))) for sign in (-1, 1)]
    crs = '+proj=aeqd +lat_0={1} +lon_0={0} +datum=WGS84'.format(*places(x, y))
    easting, northing = (np.diff(values)[0] for values in transform('EPSG:4326', crs, *zip(*ends, strict=True)))
    assert ship['length_m'] == pytest.approx(np.hypot(easting, northing), abs=0.2)
    assert ship['heading_deg'] == pytest.approx(np.degrees(np.arctan2(easting, northing)) % 180, abs=0.2)
    assert '20 ground control points' in scene.notes[-1] and ' m (root mean square)' in scene.notes[-1]
    assert not scene.warnings


def test_a_product_over_the_antimeridian(tmp_path):
    def places(column, row):
        longitude, latitude = safe.descending(column, row)
        return (longitude + 169.99 + 180) % 360 - 180, latitude

    scene = Scene(safe.make_safe(tmp_path, places=places))
    points = np.array([[5.0, 50], [80, 50], [155, 50]])
    np.testing.assert_allclose(scene.georeference.to_lonlat(points), [places(*point) for point in points], atol=1e-6)
    assert scene.gsd == pytest.approx(9.3, abs=0.6)


def test_how_it_looks(amplitude, tmp_path):
    """Without options as the amplitude, which detectors are trained on; decibels are those of sigma0."""
    path = safe.make_safe(tmp_path, amplitude)
    sigma, _ = Sentinel1(path).read(0, 0, safe.WIDTH, safe.HEIGHT)
    low, high = np.percentile(np.sqrt(sigma), (0.5, 99.5))
    expected = ((np.sqrt(sigma[0]) - low) / (high - low)).clip(0, 1) * 255
    seen, _ = Scene(path).read(0, 0, safe.WIDTH, safe.HEIGHT)
    assert np.abs(seen[..., 0] - expected).max() <= 0.51
    decibels, _ = Scene(path, stretch='db:-25:10').read(0, 0, safe.WIDTH, safe.HEIGHT)
    with np.errstate(divide='ignore'):
        expected = ((10 * np.log10(sigma[0]) + 25) / 35).clip(0, 1) * 255
    assert np.abs(decibels[..., 0] - expected).max() <= 0.51
    three, _ = Scene(path, grey=False, bands=['VV', 'VH', 'VV']).read(0, 0, safe.WIDTH, safe.HEIGHT)
    np.testing.assert_array_equal(three[..., 0], three[..., 2])
    assert (three[..., 0] != three[..., 1]).any()


def test_a_scene_of_one_colour(tmp_path):
    flat = {'VV': np.full((safe.HEIGHT, safe.WIDTH), 7, np.uint16)}  # less than the noise
    scene = Scene(safe.make_safe(tmp_path / 'a', flat))
    assert not scene.read(0, 0, safe.WIDTH, safe.HEIGHT)[0].any()
    with pytest.raises(InputError, match='every pixel is nodata'):
        Scene(safe.make_safe(tmp_path / 'b', {'VV': 0 * flat['VV']}))


def test_a_measurement_alone(amplitude, tmp_path):
    path = safe.make_safe(tmp_path, amplitude)
    tiff, = (path / 'measurement').glob('*-vv-*')
    scene = Scene(tiff)
    np.testing.assert_array_equal(scene.values(0, 0, safe.WIDTH, safe.HEIGHT)[0][0], amplitude['VV'])
    assert scene.georeference is not None and '20 ground control points' in scene.notes[-1]


def test_what_users_name(tmp_path):
    path = safe.make_safe(tmp_path)
    packed = safe.zip_safe(path)
    suffixes = find_tasks()['detect'].suffixes
    for named in (path, path / 'manifest.safe', tmp_path / '*.SAFE'):
        assert list_files([named], suffixes) == [path]
    assert list_files([tmp_path], suffixes) == [path, packed]
    with pytest.raises(InputError, match='contains no file'):
        list_files([path], ('.png', ))
    assert count_pixels(path) == count_pixels(packed) == safe.WIDTH * safe.HEIGHT
    path.rename(tmp_path / 'renamed')
    assert list_files([tmp_path / 'renamed'], suffixes) == [tmp_path / 'renamed']


def test_what_is_unpacked_goes_away(tmp_path, monkeypatch):
    packed = safe.zip_safe(safe.make_safe(tmp_path))
    (tmp_path / 'own').mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'own'))
    scene = Scene(packed)
    folder, = (tmp_path / 'own').iterdir()
    assert folder.stat().st_mode & 0o77 == 0 and [file.name for file in folder.iterdir()] == ['0.tiff']
    scene.close()
    assert not list((tmp_path / 'own').iterdir())


def without(folder, start):
    def spoil(path):
        for file in (path / folder).iterdir():
            if file.name.startswith(start):
                file.unlink()
    return spoil


def replaced(start, old, new, folder='annotation'):
    def spoil(path):
        for file in (path / folder).glob(f'{start}*'):
            text = file.read_text()
            assert old in text
            file.write_text(text.replace(old, new))
    return spoil


def truncated(path):
    for file in (path / 'measurement').iterdir():
        os.truncate(file, 300)


BOMB = '<!DOCTYPE a [<!ENTITY b "c">]><product>'
TABLES = 'annotation/calibration'
FAULTS = {
    'no annotation': (without('annotation', 's1a'), 'annotation/s1a.*xml is missing: copy or download it again'),
    'no calibration': (without(TABLES, 'calibration'), 'calibration-s1a.*xml is missing'),
    'no measurement': (without('measurement', 's1a'), 'there is no measurement'),
    'slc': (replaced('s1a', '>GRD<', '>SLC<'), 'is of type SLC, and GRD is read'),
    'entities': (replaced('s1a', '<product>', BOMB), 'declares entities'),
    'no header': (replaced('s1a', 'adsHeader', 'header'), '<adsHeader> is missing'),
    'no size': (replaced('s1a', 'numberOfLines>120', 'numberOfLines>many'), 'does not say how many samples and lines'),
    'another size': (replaced('s1a', '>120<', '>121<'), 'has 160 x 120 pixels, and annotation/s1a.* says 160 x 121'),
    'no vectors': (replaced('calibration', 'calibrationVector>', 'vector>', TABLES), 'it has no calibration vectors'),
    'zero': (replaced('calibration', '3.000000000e+02', '0', TABLES), 'values that are not above 0'),
    'nan': (replaced('calibration', '3.000000000e+02', 'nan', TABLES), '<sigmaNought> should hold finite numbers'),
    'few': (replaced('calibration', '0 40 80 120 159', '0 40 80 120', TABLES), '5 values of <sigmaNought> for 4 of <pixel>'),
    'lines': (replaced('noise', '<line>50<', '<line>500<', TABLES), 'the lines of its noiseRangeVectors do not ascend'),
    'block': (replaced('noise', '<lastRangeSample>159', '<lastRangeSample>', TABLES),
              'a noiseAzimuthVector has 0 values of <lastRangeSample>'),
    'prf': (replaced('s1a', '<prf>1.451627000e+03', '<prf>0'), '<prf> should be above 0, found 0: the file is damaged'),
    'rate': (replaced('s1a', '-2170.5', 'inf'), '<azimuthFmRatePolynomial> should hold finite numbers'),
    'swath': (replaced('s1a', '<swathMerge><swath>IW2', '<swathMerge><swath>IW4'), "a swathMerge names the swath 'IW4'"),
    'truncated': (truncated, 'tiff: the file is damaged'),
}


@pytest.mark.parametrize('packed', [False, True])
@pytest.mark.parametrize('name', FAULTS)
def test_a_product_that_is_not_whole_is_refused(name, packed, tmp_path):
    spoil, sentence = FAULTS[name]
    path = safe.make_safe(tmp_path)
    spoil(path)
    path = safe.zip_safe(path) if packed else path
    with pytest.raises(InputError, match=sentence) as problem:
        Scene(path)
    assert str(problem.value).startswith(str(path)) and tempfile.gettempdir() + '/mmsight-' not in str(problem.value)


def test_a_polarisation_that_is_not_there(amplitude, tmp_path):
    path = safe.make_safe(tmp_path, {'VH': amplitude['VH']})
    assert Sentinel1(path).bands == ['VH']
    for band in ('VV', 2):
        with pytest.raises(InputError, match=f'SAFE: --bands {band}: the product has the polarisation VH'):
            Scene(path, bands=[band])


@pytest.mark.parametrize('name', ['../evil.tiff', 'a.SAFE/measurement/../../evil.tiff', '/etc/evil', 'C:evil', 'a\\..\\evil'])
def test_a_zip_that_leads_out_of_itself_is_refused(name, tmp_path):
    packed = safe.zip_safe(safe.make_safe(tmp_path))
    with zipfile.ZipFile(packed, 'a') as archive:
        archive.writestr(name, 'evil')
    with pytest.raises(InputError, match='zip: the zip has a member named .*evil.*, which leads out of it: refused'):
        Scene(packed)


def test_zips_that_are_no_product_are_refused(tmp_path, monkeypatch):
    packed = safe.zip_safe(safe.make_safe(tmp_path))
    content = packed.read_bytes()
    (tmp_path / 'cut.zip').write_bytes(content[:len(content) // 2])
    with pytest.raises(InputError, match='cut.zip: the file is damaged, or not a zip'):
        Scene(tmp_path / 'cut.zip')
    with zipfile.ZipFile(tmp_path / 'other.zip', 'w') as archive:
        archive.writestr('a.txt', 'a')
    with pytest.raises(InputError, match='other.zip: a Sentinel-1 product is expected'):
        Scene(tmp_path / 'other.zip')
    with zipfile.ZipFile(packed, 'a') as archive:
        archive.writestr('other.SAFE/measurement/a.tiff', 'a')
    with pytest.raises(InputError, match='the zip holds 2 products'):
        Scene(packed)
    packed.write_bytes(content)
    with zipfile.ZipFile(tmp_path / 'bomb.zip', 'w', zipfile.ZIP_DEFLATED) as bomb, zipfile.ZipFile(packed) as archive:
        for info in archive.infolist():
            bomb.writestr(info.filename, archive.read(info) + bytes(info.filename.endswith('.tiff') * 2**21))
    with pytest.raises(InputError, match='GB unpacked, more than its pixels can take'):
        Scene(tmp_path / 'bomb.zip')
    monkeypatch.setattr('shutil.disk_usage', lambda folder: SimpleNamespace(free=1))
    with pytest.raises(InputError, match='let TMPDIR name a larger folder'):
        Scene(packed)


@pytest.mark.parametrize('points, places, said', [
    ([(0, 0), (80, 60), (160, 120)], safe.descending, 'lie on one line'),
    (None, lambda column, row: safe.descending(column if column != 80 else 20, row), 'fold it')])
def test_control_points_that_give_no_places(points, places, said, tmp_path):
    scene = Scene(safe.make_safe(tmp_path, points=points, places=places))
    assert scene.georeference is None and said in scene.warnings[0] and scene.warnings[0].endswith('positions are in pixels')


def test_forms():
    assert [form.name for form in FORMS['Products of Sentinel-1']] == ['safe', 'zip', 'noise', 'measurement', 'slc',
                                                                       'incomplete']


def test_ships_of_a_product(make_detector, tmp_path):
    """From the zip to the files."""
    image = np.full((safe.HEIGHT, safe.WIDTH), 60, np.uint16)
    image[40:50, 60:100] = 900
    packed = safe.zip_safe(safe.make_safe(tmp_path, {'VV': image}))
    found = make_detector()(packed, out_dir=tmp_path / 'out')['predictions'][0]
    ship, = found['detections']
    assert ship['length_px'] == pytest.approx(40, abs=1.5)
    assert (ship['longitude'], ship['latitude']) == pytest.approx(safe.descending(80, 45), abs=1e-4)
    assert 'VV of VV, calibrated to sigma0, without thermal noise' in found['notes'][0]
    report = json.loads(next((tmp_path / 'out').glob('*_report.json')).read_text())
    assert report['gsd_m'] == pytest.approx(9.3, abs=0.6)


TALL = 1100
POINTS = [(column, row) for row in range(0, TALL + 1, 275) for column in range(0, safe.WIDTH + 1, 40)]
BRIGHT, FAINT, WATER = 4000, 260, 60
"""DN of a bright ship, of one about 24 dB below it, and of the sea."""
BOX = [40, 12, 0]
"""Of a ship."""
X, Y = 100, 560


def offset(line, pixel):
    """Lines to the first azimuth ambiguity from the speed of the satellite: lambda R PRF / (2 V), without an FM rate."""
    light, frequency, speed = 299792458, 5.405000454e9, 7594  # m/s, Hz, m/s
    prf = safe.FREQUENCIES['IW1' if pixel < safe.SEAM else 'IW2']
    return light / frequency * light * safe.slant_time(line, pixel) / 2 * prf / (2 * speed) / safe.SPACING


def product_with(ships, folder, spoil=None):
    """A product with ships of some DN at their centres."""
    image = np.full((TALL, safe.WIDTH), WATER, np.uint16)
    for x, y, number in ships:
        image[y - 6:y + 6, x - 20:x + 20] = number
    path = safe.make_safe(folder, {'VV': image}, points=POINTS)
    if spoil:
        spoil(path)
    return path


def flags(ships, folder):
    boxes = np.array([[x, y, *BOX] for x, y, _ in ships], float).reshape(-1, 5)
    scene = Scene(product_with(ships, folder))
    assert not scene.warnings
    found = describe(boxes, np.ones(len(boxes)), np.zeros(len(boxes), int), True, ['ship'], scene)
    return [ship['suspect_ambiguity'] for ship in found]


@pytest.mark.parametrize(('line', 'pixel'), [(0, 0), (560, 30), (560, 59.4), (560, 60), (1090, 100), (30, 159.5)])
def test_ambiguities_lie_where_the_speed_of_the_satellite_puts_them(line, pixel, tmp_path):
    product = Sentinel1(product_with([], tmp_path))
    found = product.ambiguities.offset(pixel, line)
    assert found == pytest.approx(offset(line, pixel), rel=0.015) and 400 < found < 600
    assert np.isnan(product.ambiguities.offset(pixel, TALL + 5))


@pytest.mark.parametrize('sign', [-1, 1])
def test_a_faint_box_at_the_offset_of_a_bright_one_is_suspect(sign, tmp_path):
    ghost = Y + sign * round(offset(Y, X))
    assert flags([(X, Y, BRIGHT), (X, ghost, FAINT)], tmp_path) == [False, True]


@pytest.mark.parametrize(('dx', 'dy', 'number', 'suspect'), [
    (15, 0, FAINT, True), (25, 0, FAINT, False),  # 200 m in range
    (0, 18, FAINT, True), (0, 32, FAINT, False),  # 250 m along azimuth, of which the formula is up to 70 m off
    (0, 200, FAINT, False), (30, 200, FAINT, False),
    (0, 0, BRIGHT // 4, False),  # 12 dB below
    (0, 0, BRIGHT // 9, True)])  # 19 dB
def test_what_is_suspect_and_what_is_not(dx, dy, number, suspect, tmp_path):
    assert flags([(X, Y, BRIGHT), (X + dx, Y - round(offset(Y, X)) - dy, number)], tmp_path) == [False, suspect]


def test_each_swath_has_its_own_offset(tmp_path):
    """A ship near the seam: the place that the other swath's pulses would give is no ghost's."""
    x, other = 30, round(offset(Y, 30) * safe.FREQUENCIES['IW2'] / safe.FREQUENCIES['IW1'])
    assert flags([(x, Y, BRIGHT), (x, Y + other, FAINT)], tmp_path / 'a') == [False, False]
    assert flags([(x, Y, BRIGHT), (x, Y + round(offset(Y, x)), FAINT)], tmp_path / 'b') == [False, True]


def test_a_product_without_ships(tmp_path):
    assert flags([], tmp_path) == []


def test_suspects_in_the_files(make_detector, tmp_path):
    ships = [(X, Y, BRIGHT), (X, Y - round(offset(Y, X)), 400), (X - 60, Y - 100, 400)]
    path = product_with(ships, tmp_path)
    options = dict(format=['geojson', 'csv', 'gpkg', 'kml', 'html'], stretch='linear:0:0.5')
    found = make_detector()(path, out_dir=tmp_path / 'out', **options)['predictions'][0]
    flagged = {(round(ship['x']), round(ship['y'])): ship['suspect_ambiguity'] for ship in found['detections']}
    assert flagged == {place: number == 1 for number, place in enumerate((x, y) for x, y, _ in ships)}
    files = found['files']
    features = json.loads(Path(files['geojson']).read_text())['features']
    expected = [ship['suspect_ambiguity'] for ship in found['detections']]
    assert [feature['properties']['suspect_ambiguity'] for feature in features] == expected
    with open(files['csv'], newline='') as file:
        assert [row['suspect_ambiguity'] for row in csv.DictReader(file)] == [str(value) for value in expected]
    columns = pyogrio.raw.read(files['gpkg'], layer='ships')
    assert dict(zip(columns[0]['fields'], columns[3], strict=True))['suspect_ambiguity'].tolist() == expected
    assert Path(files['kml']).read_text().count('<value>True</value>') == 1
    page = Path(files['html']).read_text()
    assert page.count('class="suspect"') == 1 and '<td>yes</td>' in page and 'suspect ambiguity</button>' in page
    assert '1 of the ships may be azimuth ambiguities' in found['warnings'][-1]
    assert any(note.startswith('suspect_ambiguity marks') for note in found['notes'])


def test_products_that_do_not_say_where_ambiguities_lie(make_detector, tmp_path):
    path = product_with([(X, Y, BRIGHT), (X, Y - round(offset(Y, X)), 400)], tmp_path, replaced('s1a', 'prf>', 'frequency>'))
    found = make_detector()(path, out_dir=tmp_path / 'out', stretch='linear:0:0.5')['predictions'][0]
    assert found['ships'] == 2 and [ship['suspect_ambiguity'] for ship in found['detections']] == [None, None]
    report = json.loads(Path(found['files']['report']).read_text())
    said, = (text for text in report['warnings'] if 'ambiguities' in text)
    assert said.endswith('azimuth ambiguities are not looked for, as its annotation has no downlinkInformation/prf')
    assert 'suspect_ambiguity' not in Path(found['files']['csv']).read_text() + Path(found['files']['geojson']).read_text()
    assert 'suspect' not in Path(found['files']['html']).read_text().split('</style>')[-1]


def test_a_strip_map_is_of_one_swath(tmp_path):
    def spoil(path):
        annotation, = (path / 'annotation').glob('s1a*')
        text = annotation.read_text()
        begin, end = text.index('<swathMerging>'), text.index('</swathMerging>')
        second = text.index('<downlinkInformation><swath>IW2')
        annotation.write_text(text[:second] + text[text.index('</downlinkInformationList>'):begin] + text[end + 15:])

    product = Sentinel1(product_with([], tmp_path, spoil))
    assert product.ambiguities.offset(30, Y) == pytest.approx(offset(Y, 30), rel=0.015)
    assert not product.doubts


def test_several_swaths_whose_bounds_are_not_stated(tmp_path):
    product = Sentinel1(product_with([], tmp_path, replaced('s1a', 'swathMerge>', 'merged>')))
    assert product.ambiguities is None and product.doubts[-1].endswith('no swathMerge/swathBoundsList/swathBounds')
