"""Places on Earth at the edges of coordinate systems: control points, world files, poles, the antimeridian, land anywhere."""

import json
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.warp import transform

from mmsight.apis.geopackage import DEGREES, Layer, write_geopackage
from mmsight.apis.georeference import metres_between
from mmsight.apis.land_mask import LandMask
from mmsight.apis.land_shapes import world_coasts
from mmsight.apis.scene import Scene
from mmsight.apis.ships import describe, write_geojson
from mmsight.errors import InputError
from mmsight.forms import FORMS

UTM = CRS.from_epsg(32633)
GRID = Affine(10, 0, 500000, 0, -10, 4500000)
IMAGE = np.eye(200, dtype=np.uint8)


def with_points(path, points, crs=UTM):
    with rasterio.open(path, 'w', driver='GTiff', count=1, height=200, width=200, dtype='uint8') as file:
        file.write(IMAGE, 1)
        file.gcps = points, crs
    return path


def bent(column, row):
    """A sensor's view: no plane, 30 m from one in the corners."""
    x, y = GRID @ (column, row)
    return x + 3e-3 * (column - 100)**2, y - 2e-3 * (column - 100) * (row - 100)


def test_a_spline_follows_what_a_plane_does_not(tmp_path):
    where = [(column, row) for row in range(0, 201, 50) for column in range(0, 201, 50)]
    scene = Scene(with_points(tmp_path / 'a.tif', [GroundControlPoint(row, col, *bent(col, row)) for col, row in where]))
    pixels = np.random.default_rng(0).uniform(10, 190, (50, 2))
    x, y = zip(*(bent(*pixel) for pixel in pixels), strict=True)
    away = np.hypot(*metres_between(scene.georeference.to_lonlat(pixels), np.array(transform(UTM, 'EPSG:4326', x, y)).T).T)
    stated = float(scene.notes[-1].split('place to ')[1].split(' m')[0])
    assert away.max() < 3 and np.sqrt((away**2).mean()) < stated < 10 and '25 ground control points' in scene.notes[-1]
    few = [GroundControlPoint(row, col, *bent(col, row)) for col, row in where[::6]]
    assert len(few) == 5 and 'lie on one line' in Scene(with_points(tmp_path / 'line.tif', few)).warnings[0]
    few = [GroundControlPoint(row, col, *bent(col, row)) for col, row in where[::3]]
    plane = Scene(with_points(tmp_path / 'plane.tif', few))
    away = np.hypot(*metres_between(plane.georeference.to_lonlat(pixels), np.array(transform(UTM, 'EPSG:4326', x, y)).T).T)
    stated = float(plane.notes[-1].split('place to ')[1].split(' m')[0])
    assert 0.4 * stated < np.sqrt((away**2).mean()) < stated
    three = Scene(with_points(tmp_path / 'three.tif', few[:1] + few[2:4]))
    assert 'its 3 ground control points, which three cannot check' in three.notes[-1]


def test_control_points_over_the_antimeridian(tmp_path):
    points = [GroundControlPoint(row, col, (179.999 + 1e-5 * col + 180) % 360 - 180, 45 - 1e-5 * row)
              for row in (0, 100, 200) for col in (0, 70, 120, 200)]
    scene = Scene(with_points(tmp_path / 'a.tif', points, CRS.from_epsg(4326)))
    found = scene.georeference.to_lonlat(np.array([[50.0, 100], [150, 100]]))
    np.testing.assert_allclose(found, [[179.9995, 44.999], [-179.9995, 44.999]], atol=1e-9)


@pytest.mark.parametrize('places, said', [
    ([(0, 0), (100, 0), (200, 0), (0, 200), (100, 200), (200, 200), (0, 100), (150, 100), (50, 100), (200, 100)], 'fold'),
    ([(0, 0), (100, 100), (200, 200)], 'lie on one line'),
    ([(0, 0), (200, 0), (0, 200), (200, float('nan'))], 'are not finite')])
def test_control_points_that_give_no_places(places, said, tmp_path):
    points = [GroundControlPoint(row if row == row else 200, col, *(GRID @ ((col, row) if said != 'fold' or col not in (50, 150)
                                                                            else (200 - col, row)))) for col, row in places]
    scene = Scene(with_points(tmp_path / 'a.tif', points))
    assert scene.georeference is None and said in scene.warnings[0] and scene.warnings[0].endswith('positions are in pixels')


def test_world_files(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(IMAGE[:60]).save(tmp_path / 'a.jpg', exif=exif)
    (tmp_path / 'a.jgw').write_text('10\r\n0\r\n0\r\n-10\r\n500005\r\n4499995\r\n')
    assert 'no coordinate reference system' in Scene(tmp_path / 'a.jpg').warnings[0]
    (tmp_path / 'a.prj').write_text(UTM.to_wkt(morph_to_esri_dialect=True))
    scene = Scene(tmp_path / 'a.jpg')
    assert (scene.width, scene.height) == (60, 200)
    # turned by a quarter, the stored first pixel is the upper right one
    np.testing.assert_allclose(scene.georeference.transform @ (60, 0), (500000, 4500000))
    np.testing.assert_allclose(scene.georeference.transform @ (60, 10), (500100, 4500000))
    (tmp_path / 'a.jgw').write_text('10 0 0')
    assert 'a.jgw is not a world file, which has six numbers; positions are in pixels' in Scene(tmp_path / 'a.jpg').warnings[0]
    (tmp_path / 'a.prj').write_text('PROJCS["x"')
    (tmp_path / 'a.jgw').write_text('10 0 0 -10 0 0')
    assert 'a.prj does not state a coordinate reference system' in Scene(tmp_path / 'a.jpg').warnings[0]


@pytest.mark.parametrize('start, stop, metres', [
    ((0, 90 - 1e-3), (180, 90 - 1e-3), 223.388), ((179.999, 0), (-179.999, 0), 222.639), ((30, -90), (77, -89.999), 111.694)])
def test_distances_at_the_edges(start, stop, metres):
    found = metres_between(np.array([start], float), np.array([stop], float))
    assert np.hypot(*found[0]) == pytest.approx(metres, abs=2e-3)


def ship(scene, x, y, length=20.0, angle=0.0):
    return describe(np.array([[x, y, length, 6, angle]]), np.ones(1), np.zeros(1, int), True, ['ship'], scene)


def geometry(scene, ships, path):
    write_geojson(ships, scene, True, path)
    content = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(name))
    assert not {'coordinates', 'geometry', 'properties', 'geometries'} & set(content)  # RFC 7946, 7.1
    return content['features'][0]['geometry']


@pytest.mark.parametrize('south_up', [False, True])
def test_a_ship_over_the_antimeridian_is_cut(south_up, write_scene, tmp_path):
    (x, ), (y, ) = transform('EPSG:4326', 'EPSG:32660', [180], [45])
    grid = Affine(10, 0, x - 1000, 0, 10 if south_up else -10, y - 1000 if south_up else y + 1000)
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, 'EPSG:32660', grid))
    found = ship(scene, 100, 100)
    assert found[0]['length_m'] == pytest.approx(200, rel=0.01)
    shape = shapely.from_geojson(json.dumps(geometry(scene, found, tmp_path / 'a.geojson')))
    assert shape.geom_type == 'MultiPolygon' and shape.is_valid and len(shape.geoms) == 2
    for part in shape.geoms:
        assert part.exterior.is_ccw and part.bounds[2] - part.bounds[0] < 0.002 and np.abs(part.bounds[::2]).max() <= 180


POLE = Affine(10, 0, -1000, 0, -10, 1000)


@pytest.mark.parametrize('crs, grid', [('EPSG:3995', POLE), ('EPSG:3031', POLE),
                                       ('EPSG:4326', Affine(1e-3, 0, 190, 0, -1e-4, 89.99))])
def test_a_ship_near_a_pole(crs, grid, write_scene, tmp_path):
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, crs, grid))
    for x, y in ((100.0, 100.0), (30.0, 40.0)):
        found = ship(scene, x, y)
        shape = shapely.from_geojson(json.dumps(geometry(scene, found, tmp_path / 'a.geojson')))
        assert shape.is_valid and np.abs(shape.bounds[::2]).max() <= 180
        assert crs == 'EPSG:4326' or found[0]['length_m'] == pytest.approx(200, rel=0.04)  # these maps are true at 71 degrees


def test_what_has_no_place_has_no_geometry(write_scene, tmp_path):
    # an orthographic map of a half of the Earth, whose corner lies in space
    crs = '+proj=ortho +lat_0=0 +lon_0=0 +datum=WGS84'
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, crs, Affine(65000, 0, -6.5e6, 0, -65000, 6.5e6)))
    found = ship(scene, 3, 3)
    assert found[0]['longitude'] is None and geometry(scene, found, tmp_path / 'a.geojson') is None


LEFT = [[0, 0], [100, 0], [100, 200], [0, 200]]
"""The left half of the scene, in its pixels."""


def land_geojson(folder, ring, **members):
    path = folder / 'land.geojson'
    path.write_text(json.dumps(dict(type='Feature', properties={}, geometry=dict(type='Polygon', coordinates=[
        [*np.asarray(ring).tolist(), np.asarray(ring)[0].tolist()]]), **members)))
    return path


def geojson(scene, folder, write):
    return land_geojson(folder, scene.georeference.to_lonlat(np.array(LEFT, float)))


def in_crs(scene, folder, write):
    name = dict(type='name', properties=dict(name='urn:ogc:def:crs:EPSG::3035'))
    places = np.array(transform('EPSG:4326', 'EPSG:3035', *scene.georeference.to_lonlat(np.array(LEFT, float)).T)).T
    return land_geojson(folder, places, crs=name)


def metres(scene, folder, write):
    return land_geojson(folder, [scene.georeference.transform @ place for place in LEFT])


def crossing(scene, folder, write):
    """A bow tie whose halves are the left half of the scene, and something far off."""
    ring = [[0, 0], [100, 0], [100, 200], [0, 200], [0, 100], [-300, 300], [-300, -100], [0, 100]]
    return land_geojson(folder, scene.georeference.to_lonlat(np.array(ring, float)))


def world(scene, folder, write):
    edge = scene.georeference.to_lonlat(np.array([[100.0, -500], [100, 700]]))
    return land_geojson(folder, [[-180, -90], [edge[1, 0], -90], edge[1], edge[0], [edge[0, 0], 90], [-180, 90]])


def shapefile(scene, folder, write):
    return vector(scene, folder / 'land.shp', 'EPSG:3035')


def geopackage(scene, folder, write):
    return vector(scene, folder / 'land.gpkg', 'EPSG:3035')


def vector(scene, path, crs):
    """The left half, as GDAL writes it."""
    pyogrio = pytest.importorskip('pyogrio', reason="written by pyogrio, of the extra 'dev'")
    places = np.array(transform('EPSG:4326', crs, *scene.georeference.to_lonlat(np.array(LEFT, float)).T)).T
    shapes = shapely.to_wkb(np.array([shapely.Polygon(places), None]))
    pyogrio.raw.write(path, shapes, [np.array([1, 2])], ['id'], geometry_type='Polygon', crs=crs)
    return path


def raster(scene, folder, write):
    """In degrees, from 0 to 360, all over the Earth, 0.1 degrees a pixel: one pixel covers the left half."""
    border = scene.georeference.to_lonlat(np.array([[100.0, 100]]))[0]
    image = np.zeros((20, 3600), np.uint8)
    column = int((border[0] - 0.05) % 360 / 0.1)
    image[:, column] = 1
    left = border[0] % 360 - 0.1 * (column + 1)
    return write(folder / 'land.tif', image, 'EPSG:4326', Affine(0.1, 0, left, 0, -0.1, border[1] + 1))


LANDS = {'geojson': geojson, 'crs': in_crs, 'metres': metres, 'crossing': crossing, 'world': world,
         'shapefile': shapefile, 'geopackage': geopackage, 'raster': raster}


def test_every_form_of_land_has_a_file():
    assert [*LANDS, 'auto'] == [form.name for form in FORMS['Land masks']]


@pytest.mark.parametrize('crs, grid', [
    (UTM, GRID), ('EPSG:4326', Affine(1e-4, 0, 190, 0, -1e-4, 45)), ('EPSG:3995', Affine(10, 0, -2000000, 0, -10, 1000000)),
    (UTM, Affine(10, 0, 500000, 0, 10, 4498000))], ids=['utm', '0 to 360', 'polar', 'south up'])
@pytest.mark.parametrize('name', [name for name in LANDS if name != 'metres'])
def test_land(name, crs, grid, write_scene, tmp_path):
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, crs, grid))
    if name in ('world', 'raster') and crs == 'EPSG:3995':
        pytest.skip('its columns are no meridians')
    path = LANDS[name](scene, tmp_path, write_scene)
    points = np.array([[50.0, 60], [95, 60], [105, 60], [150, 60]])
    assert LandMask(path, scene).covers(points).tolist() == [True, True, False, False]
    for buffer, third in ((30, False), (70, True)):  # 5 pixels are 50 m, 39 m in degrees
        assert LandMask(path, scene, buffer).covers(points).tolist() == [True, True, third, False]
    assert LandMask(path, scene).covers(points[:0]).tolist() == []


def test_land_over_the_antimeridian_and_at_the_pole(write_scene, tmp_path):
    crs = dict(type='name', properties=dict(name='EPSG:3995'))
    pole = Scene(write_scene(tmp_path / 'a.tif', IMAGE, 'EPSG:3995', POLE))
    square = [[-500, -500], [500, -500], [500, 500], [-500, 500]]
    mask = LandMask(land_geojson(tmp_path, square, crs=crs), pole, 60)
    found = mask.covers(np.array([[100.0, 100], [60, 140], [155, 100], [157, 100]]))
    assert found.tolist() == [True, True, True, False]
    (x, ), (y, ) = transform('EPSG:4326', 'EPSG:32660', [180], [45])
    scene = Scene(write_scene(tmp_path / 'b.tif', IMAGE, 'EPSG:32660', Affine(10, 0, x - 1000, 0, -10, y + 1000)))
    east = land_geojson(tmp_path, [[-180, 40], [-170, 40], [-170, 50], [-180, 50]])
    points = np.array([[90.0, 100], [99, 100], [101, 100], [150, 100]])
    assert LandMask(east, scene).covers(points).tolist() == [False, False, True, True]
    assert LandMask(east, scene, 50).covers(points).tolist() == [False, True, True, True]


@pytest.mark.parametrize('members, said', [
    (dict(crs=dict(type='name', properties=dict(name='EPSG:999999'))), 'member crs names no coordinate'),
    (dict(crs=dict(type='link', properties=dict(href='http://example.org'))), 'member crs names no coordinate'),
    ({}, 'the coordinates of the land mask are not longitude and latitude')])
def test_land_that_lies_nowhere_is_refused(members, said, write_scene, tmp_path):
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, UTM, GRID))
    path = land_geojson(tmp_path, [scene.georeference.transform @ place for place in LEFT], **members)
    with pytest.raises(InputError, match=f'land.geojson: .*{said}'):
        LandMask(path, scene)


def test_vector_files_that_are_not_sound(write_scene, tmp_path):
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, UTM, GRID))
    path = shapefile(scene, tmp_path, None)
    (tmp_path / 'land.prj').unlink()
    with pytest.raises(InputError, match='land.shp: .* are not longitude and latitude'):
        LandMask(path, scene)
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(InputError, match='land.shp: the file is damaged, or not a shapefile'):
        LandMask(path, scene)
    path = tmp_path / 'land.gpkg'
    layer = Layer('land', 'POLYGON', [shapely.box(0, 0, 1, 1)], {'id': 'INTEGER'}, [dict(id=1)], '')
    write_geopackage([layer], DEGREES, '', path)
    assert not LandMask(path, scene).covers(np.array([[50.0, 60]])).any()
    whole = path.read_bytes()
    for command, said in (
            ('UPDATE land SET geom = 7 WHERE id = 1', 'the file is damaged, or not a GeoPackage: a shape has no header'),
            ("UPDATE gpkg_geometry_columns SET srs_id = 99; INSERT INTO gpkg_spatial_ref_sys VALUES "
             "('x', 99, 'x', 99, 'nonsense', '')", "layer names no coordinate reference system that is known .nonsense"),
            ('DROP TABLE land; CREATE VIEW land AS SELECT geom FROM gpkg_contents', "its layer 'land' is no table"),
            ('DROP TABLE gpkg_geometry_columns', 'is no GeoPackage, which has a table of its layers'),
            ('DELETE FROM gpkg_geometry_columns', 'has no layer of shapes')):
        path.write_bytes(whole)
        with closing(sqlite3.connect(path)) as file:
            file.executescript(command)
        with pytest.raises(InputError, match=f'land.gpkg: .*{said}'):
            LandMask(path, scene)


@pytest.mark.slow
def test_the_coasts_of_the_world(write_scene, tmp_path):
    """Known places around Heligoland, an island of 1.5 km."""
    pytest.importorskip('roaring_landmask', reason="the coasts come with the extra 'land'")
    scene = Scene(write_scene(tmp_path / 'a.tif', IMAGE, 'EPSG:4326', Affine(1e-3, 0, 7.8, 0, -1e-3, 54.25)))
    places = {'the island': (7.886, 54.182), 'a roadstead 1.2 km off': (7.87, 54.175), 'open sea': (7.95, 54.1)}
    points = np.array([~scene.georeference.transform @ place for place in places.values()])
    assert LandMask('auto', scene).covers(points).tolist() == [True, False, False]
    assert LandMask('auto', scene, 2000).covers(points).tolist() == [True, True, False]


def test_coasts_that_are_not_installed(make_detector, write_scene, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'roaring_landmask', None)
    world_coasts.cache_clear()
    with pytest.raises(InputError, match=r'--land auto needs roaring-landmask.*mmsight\[land\]'):
        make_detector()(write_scene(tmp_path / 's.tif', IMAGE), land='auto')


def test_land_is_judged_before_the_network_runs(make_detector, write_scene, tmp_path):
    detector = make_detector()
    path = land_geojson(tmp_path, [[0, 0], [9e5, 0], [9e5, 9e5]])
    with pytest.raises(InputError, match='not longitude and latitude'):
        detector(write_scene(tmp_path / 's.tif', IMAGE), land=path, out_dir=tmp_path / 'out')
    assert not detector.model.seen
