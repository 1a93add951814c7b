"""Files that other programs open: read again by GDAL, SQLite and an xml parser."""

import json
import sqlite3
from contextlib import closing
from xml.etree import ElementTree

import cv2
import matplotlib
import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine
from rasterio.warp import transform

from mmsight.apis.georeference import metres_between
from mmsight.apis.scene import Scene
from mmsight.apis.scene_cog import write_cog
from mmsight.apis.ships import axis_of, describe, write_ships_geopackage
from tests import safe

pyogrio = pytest.importorskip('pyogrio', reason="the tests of vector files need pyogrio, of the extra 'dev'")
FORMATS = ['geojson', 'csv', 'coco', 'gpkg', 'kml', 'cog']


def read_layer(path, layer):
    """Columns and shapes, as GDAL reads them."""
    meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer)
    return meta, dict(zip(meta['fields'], columns, strict=True)), shapely.from_wkb(shapes)


@pytest.fixture
def found(make_detector, write_scene, ships, tmp_path):
    image, _ = ships(300, 400, 12)
    scene = write_scene(tmp_path / 's.tif', image)
    return make_detector()(scene, out_dir=tmp_path / 'out', format=FORMATS)['predictions'][0]


def test_a_geopackage_is_opened_by_gdal(found, tmp_path):
    path = tmp_path / 'out' / 's.gpkg'
    assert sorted(map(tuple, pyogrio.list_layers(path).tolist())) == [
        ('headings', 'MultiLineString'), ('layer_styles', None), ('ships', 'MultiPolygon')]
    features = json.loads((tmp_path / 'out' / 's.geojson').read_text())['features']
    for layer in ('ships', 'headings'):
        meta, columns, shapes = read_layer(path, layer)
        assert meta['crs'] == 'EPSG:4326' and len(shapes) == 12
        for name in ('id', 'category', 'score', 'length_m', 'heading_deg', 'longitude'):
            assert columns[name].tolist() == [feature['properties'][name] for feature in features]
        info = pyogrio.read_info(path, layer=layer)
        np.testing.assert_allclose(info['total_bounds'], shapely.total_bounds(shapes))
        assert 'modulo 180 degrees' in info['layer_metadata']['DESCRIPTION']
    _, columns, shapes = read_layer(path, 'ships')
    for shape, feature in zip(shapes, features, strict=True):
        assert shape.equals(shapely.MultiPolygon([shapely.from_geojson(json.dumps(feature['geometry']))]))
    _, columns, lines = read_layer(path, 'headings')
    for line, length, heading in zip(lines, columns['length_m'], columns['heading_deg'], strict=True):
        start, stop = np.array(line.geoms[0].coords)
        (east, north), = metres_between(start[None], stop[None])
        assert np.hypot(east, north) == pytest.approx(length, abs=0.3)
        assert abs((np.degrees(np.arctan2(east, north)) - heading + 90) % 180 - 90) < 0.3


def test_a_geopackage_is_a_sound_database_with_styles(found, tmp_path):
    with closing(sqlite3.connect(tmp_path / 'out' / 's.gpkg')) as file:
        assert file.execute('PRAGMA integrity_check').fetchall() == [('ok', )]
        assert not file.execute('PRAGMA foreign_key_check').fetchall()
        assert file.execute('PRAGMA application_id').fetchone() == (0x47504B47, )
        styles = dict(file.execute('SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1'))
    assert sorted(styles) == ['headings', 'ships']
    for text in styles.values():
        assert '"score"' in {option.get('value', '')[-8:-1] for option in ElementTree.fromstring(text).iter('Option')}


def test_kml(found, tmp_path):
    meta, columns, shapes = read_layer(tmp_path / 'out' / 's.kml', 's.tif')
    _, known, boxes = read_layer(tmp_path / 'out' / 's.gpkg', 'ships')
    assert columns['Name'].tolist() == [f'ship {number}' for number in range(1, 13)]
    assert [float(value) for value in columns['score']] == known['score'].tolist()
    np.testing.assert_allclose(shapely.get_coordinates(shapes), shapely.get_coordinates(boxes), atol=1e-9)
    root = ElementTree.parse(tmp_path / 'out' / 's.kml').getroot()
    space = '{http://www.opengis.net/kml/2.2}'
    styles = {style.get('id'): style.find(f'{space}LineStyle/{space}color').text for style in root.iter(f'{space}Style')}
    used = [mark.text[1:] for mark in root.iter(f'{space}styleUrl')]
    assert set(used) <= set(styles) and used == [f'score{min(int(5 * score), 4)}' for score in known['score']]
    for number in range(5):  # alpha, blue, green, red
        shown = [int(styles[f'score{number}'][place:place + 2], 16) for place in (6, 4, 2, 0)]
        np.testing.assert_allclose(shown, 255 * np.array(matplotlib.colormaps['viridis'](0.1 + 0.2 * number)), atol=1)


def test_what_is_not_asked_for_is_not_written(make_detector, write_scene, ships, tmp_path):
    image, _ = ships(100, 120, 3)
    scene = write_scene(tmp_path / 's.tif', image, crs=None)
    found = make_detector()(scene, out_dir=tmp_path / 'out', format=['gpkg', 'kml'], gsd=10.0)['predictions'][0]
    names = sorted(path.name for path in (tmp_path / 'out').iterdir() if path.is_file())
    assert names == ['s.gpkg', 's_preview.jpg', 's_report.json'] and set(found['files']) == {'gpkg', 'preview', 'report'}
    assert any('no KML is written' in warning for warning in found['warnings'])
    meta, columns, shapes = read_layer(tmp_path / 'out' / 's.gpkg', 'ships')
    assert 'epsg' not in str(meta['crs']).lower() and len(shapes) == 3
    np.testing.assert_allclose([shape.centroid.x for shape in shapes], columns['x'], atol=0.02)


def test_over_the_antimeridian(write_scene, tmp_path):
    (x, ), (y, ) = transform('EPSG:4326', 'EPSG:32660', [180], [45])
    scene = Scene(write_scene(tmp_path / 'a.tif', np.eye(200, dtype=np.uint8), 'EPSG:32660',
                              Affine(10, 0, x - 1000, 0, -10, y + 1000)))
    found = describe(np.array([[100, 100, 20, 6, 0.2], [180, 100, 20, 6, 0.2]]), np.ones(2), np.zeros(2, int), True, ['ship'],
                     scene)
    write_ships_geopackage(found, scene, True, tmp_path / 'a.gpkg')
    for layer in ('ships', 'headings'):
        _, _, shapes = read_layer(tmp_path / 'a.gpkg', layer)
        assert [len(shape.geoms) for shape in shapes] == [2, 1] and all(shape.is_valid for shape in shapes)
        assert all(part.bounds[2] - part.bounds[0] < 0.003 for part in shapely.get_parts(shapes))
        assert np.abs(shapely.total_bounds(shapes)[::2]).max() <= 180
    axis, = axis_of(found[1], True).coords[:1]
    assert axis[0] < -179.98


def test_what_has_no_place_has_a_row_without_a_shape(write_scene, tmp_path):
    crs = '+proj=ortho +lat_0=0 +lon_0=0 +datum=WGS84'
    scene = Scene(write_scene(tmp_path / 'a.tif', np.eye(200, dtype=np.uint8), crs, Affine(65000, 0, -6.5e6, 0, -65000, 6.5e6)))
    found = describe(np.array([[3.0, 3, 2, 1, 0]]), np.ones(1), np.zeros(1, int), True, ['ship'], scene)
    write_ships_geopackage(found, scene, True, tmp_path / 'a.gpkg')
    meta, columns, shapes = read_layer(tmp_path / 'a.gpkg', 'ships')
    assert columns['id'].tolist() == [1] and shapes.tolist() == [None] and np.isnan(columns['longitude'][0])


def test_the_scene_as_a_cloud_optimised_geotiff(write_scene, tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (60, 80)).astype(np.uint8)
    image[:20, :30] = 0
    scene = Scene(write_scene(tmp_path / 'a.tif', image, nodata=0))
    write_cog(scene, tmp_path / 'out.tif')
    with rasterio.open(tmp_path / 'out.tif') as file, rasterio.open(tmp_path / 'a.tif') as given:
        assert file.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG' and file.crs == given.crs
        np.testing.assert_allclose(file.transform, given.transform)
        np.testing.assert_array_equal(file.read(1), image)
        np.testing.assert_array_equal(file.dataset_mask() > 0, image > 0)


@pytest.mark.parametrize('places', [safe.ascending, safe.descending])
@pytest.mark.parametrize('shift', [0, 169.99])
def test_a_scene_with_control_points_is_turned_north_up(places, shift, tmp_path):
    """Bright spots lie where the control points say, also over the antimeridian."""
    def shifted(column, row):
        longitude, latitude = places(column, row)
        return (longitude + shift + 180) % 360 - 180, latitude

    image, spots = np.full((safe.HEIGHT, safe.WIDTH), 50, np.uint16), [(20, 30), (100, 80), (150, 110)]
    for x, y in spots:
        image[y - 4:y + 4, x - 4:x + 4] = 900
    write_cog(Scene(safe.make_safe(tmp_path, {'VV': image}, places=shifted)), tmp_path / 'out.tif')
    with rasterio.open(tmp_path / 'out.tif') as file:
        assert file.crs == 'EPSG:4326' and file.transform.b == file.transform.d == 0 and file.transform.e < 0
        shown, there = file.read(1), file.read(2) > 128
        _, _, _, centres = cv2.connectedComponentsWithStats((shown > 128).astype(np.uint8))
        found = np.array([file.transform @ (x + 0.5, y + 0.5) for x, y in centres[1:]])
        assert 0.4 < there.mean() < 1 and len(found) == 3
        # a pixel is 9 m
        for spot in spots:
            away = np.hypot(*metres_between(np.tile(shifted(*spot), (3, 1)), found).T)
            assert away.min() < 5
