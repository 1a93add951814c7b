"""Windows as 8 bits, and places on Earth, against projections of their own."""

import cv2
import numpy as np
import pytest
import rasterio
from mmsight.projects.sar_shipnet.loading import LoadSARImage
from rasterio.transform import from_origin
from rasterio.warp import transform

from mmsight.apis.scene import Scene, Stretch
from mmsight.apis.ships import describe
from mmsight.errors import InputError

TILTED = rasterio.Affine.translation(500000, 7000000) @ rasterio.Affine.rotation(33) @ rasterio.Affine.scale(8, -5)
PLACES = {
    'utm': ('EPSG:32633', from_origin(500000, 5000000, 10, 10)),
    'far from the meridian of its zone': ('EPSG:32633', from_origin(900000, 7500000, 10, 10)),
    'rotated, oblong pixels': ('EPSG:32633', TILTED),
    'degrees': ('EPSG:4326', from_origin(-3, 58, 2e-4, 1e-4)),
    'web mercator': ('EPSG:3857', from_origin(-500000, 9000000, 20, 20)),
    'south': ('EPSG:32720', from_origin(400000, 4500000, 3, 3)),
}


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('heading', [0.0, 37.0, 90.0, 179.0])
def test_a_ship_of_known_place_length_and_heading(write_scene, tmp_path, place, heading):
    """The ends of its axes come from an equidistant projection around the ship, of another library."""
    crs, affine = PLACES[place]
    scene = Scene(write_scene(tmp_path / 's.tif', np.eye(300, dtype=np.uint8), crs, affine))
    centre = np.array([[210.5, 80.25]])
    lon, lat = scene.georeference.to_lonlat(centre)[0]
    local = f'+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m'
    along = np.array([np.sin(np.radians(heading)), np.cos(np.radians(heading))])
    ends = []
    for direction, size in ((along, 240.0), (np.array([along[1], -along[0]]), 32.0)):
        x, y = transform(local, crs, *(np.array([-1, 1]) * size / 2 * part for part in direction))
        ends.append(np.array([~affine @ place for place in zip(x, y, strict=True)]).T)
    # pixels may be oblong, where no oriented box is one on the ground: its long axis counts
    direction = ends[0][:, 1] - ends[0][:, 0]
    width = np.hypot(*(ends[1][:, 1] - ends[1][:, 0]))
    box = np.array([[*centre[0], np.hypot(*direction), width, np.arctan2(direction[1], direction[0])]])
    ship, = describe(box, np.ones(1), np.zeros(1, int), True, ['ship'], scene)
    assert (ship['longitude'], ship['latitude']) == pytest.approx((lon, lat), abs=1e-7)
    assert ship['length_m'] == pytest.approx(240, abs=0.11)
    assert abs((ship['heading_deg'] - heading + 90) % 180 - 90) < 0.11
    if place not in ('rotated, oblong pixels', 'degrees'):
        assert ship['width_m'] == pytest.approx(32, abs=0.11)
    assert scene.georeference.to_pixels(np.array([[lon, lat]]))[0] == pytest.approx(centre[0], abs=1e-4)


def test_gsd(write_scene, tmp_path):
    image = np.eye(300, dtype=np.uint8)
    assert Scene(write_scene(tmp_path / 'a.tif', image)).gsd == pytest.approx(10, rel=1e-3)
    # web mercator at 60 degrees north stretches twice
    y = 8399737.9
    crs, affine = 'EPSG:3857', from_origin(0, y + 1500, 10, 10)
    assert Scene(write_scene(tmp_path / 'b.tif', image, crs, affine)).gsd == pytest.approx(5, rel=5e-3)
    feet = write_scene(tmp_path / 'c.tif', image, 'EPSG:2263', from_origin(9e5, 2e5, 10, 10))
    assert Scene(feet).gsd == pytest.approx(3.048, rel=1e-3)


def test_16_bits_look_as_in_training(write_scene, tmp_path):
    image = np.random.default_rng(0).gamma(2, 900, (60, 70)).clip(0, 65535).astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    trained = LoadSARImage().transform(dict(img_path=str(tmp_path / 'a.png')))['img'][..., :1]
    for path in (tmp_path / 'a.png', write_scene(tmp_path / 'b.tif', image)):
        np.testing.assert_array_equal(Scene(path).read(0, 0, 70, 60)[0], trained)


def test_floats_in_decibels(write_scene, tmp_path):
    values = np.array([[1e-3, 1e-2, 1e-1, 1], [0, np.nan, 10, -1]], np.float32).repeat(4, 0).repeat(4, 1)
    image, valid = Scene(write_scene(tmp_path / 'a.tif', values), stretch='db:-30:0').read(0, 0, 16, 8)
    assert image[::4, ::4, 0].tolist() == [[0, 85, 170, 255], [0, 0, 255, 0]]
    assert (~valid).sum() == 16 and not valid[4, 4]


def test_nodata_takes_no_part_in_the_stretch(write_scene, tmp_path):
    values = np.random.default_rng(0).uniform(100, 200, (64, 64)).astype(np.float32)
    plain, _ = Scene(write_scene(tmp_path / 'a.tif', values)).read(0, 0, 64, 64)
    wide = np.pad(values, ((0, 0), (0, 100)), constant_values=-9999)
    for path, options in ((write_scene(tmp_path / 'b.tif', wide, nodata=-9999), {}),
                          (write_scene(tmp_path / 'c.tif', wide), dict(nodata=-9999))):
        image, valid = Scene(path, **options).read(0, 0, 164, 64)
        np.testing.assert_array_equal(image[:, :64], plain)
        assert not image[:, 64:].any() and valid[:, :64].all() and not valid[:, 64:].any()


@pytest.mark.parametrize('kind', [np.int32, np.uint32, np.float64, np.int16])
def test_reduced_without_what_is_no_data(write_scene, tmp_path, kind):
    image = np.full((40, 40), 100, kind)
    image[:, 20:], image[:5] = 300, 9999
    scene = Scene(write_scene(tmp_path / 'a.tif', image, nodata=9999), stretch='linear:0:300')
    small, valid = scene.read(0, 0, 40, 40, (5, 5))
    assert np.ptp(small[1:, :2]) == 0 and small[2, 0, 0] == 85 and small[2, 4, 0] == 255 and valid[1:].all()


def test_bands(write_scene, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (3, 20, 30)).astype(np.uint8)
    path = write_scene(tmp_path / 'a.tif', rgb)
    np.testing.assert_array_equal(Scene(path, grey=False).read(0, 0, 30, 20)[0], rgb[::-1].transpose(1, 2, 0))
    np.testing.assert_array_equal(Scene(path, grey=False, bands=[3, 2, 1]).read(0, 0, 30, 20)[0], rgb.transpose(1, 2, 0))
    np.testing.assert_array_equal(Scene(path, bands=[2]).read(0, 0, 30, 20)[0][..., 0], rgb[1])
    one = write_scene(tmp_path / 'b.tif', rgb[0])
    np.testing.assert_array_equal(Scene(one, grey=False).read(0, 0, 30, 20)[0], np.repeat(rgb[0][..., None], 3, 2))


def test_thumbnail_of_a_scene_in_parts(write_scene, tmp_path):
    image = cv2.resize(np.random.default_rng(0).integers(0, 256, (5, 7)).astype(np.uint8), (1400, 1000))
    small = Scene(write_scene(tmp_path / 'a.tif', image)).thumbnail(350)
    assert small.shape == (250, 350, 3)
    assert np.abs(small[..., 0].astype(int) - cv2.resize(image, (350, 250), interpolation=cv2.INTER_AREA)).max() <= 3


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_a_picture_too_large_to_be_decoded_at_once_is_read_in_windows(tmp_path, monkeypatch, suffix):
    image = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 20), np.uint8), (100, 60))
    cv2.imwrite(str(tmp_path / f'a{suffix}'), image)
    wanted = Scene(tmp_path / f'a{suffix}').read(30, 20, 50, 40)[0]
    monkeypatch.setattr('mmsight.images.MOST_PIXELS', 5_999)
    scene = Scene(tmp_path / f'a{suffix}')
    assert (scene.width, scene.height) == (100, 60) and np.array_equal(scene.read(30, 20, 50, 40)[0], wanted)


def test_faults(write_scene, tmp_path):
    image = np.eye(20, dtype=np.uint8)

    def refused(match, path, **options):
        with pytest.raises(InputError, match=match):
            Scene(path, **options)

    (tmp_path / 'text.tif').write_text('hello')
    refused('text.tif: the file is damaged, or not a GeoTIFF', tmp_path / 'text.tif')
    (tmp_path / 'text.png').write_text('hello')
    refused('text.png: the file is damaged, or not an image', tmp_path / 'text.png')
    four = write_scene(tmp_path / '4.tif', np.stack([image] * 4), photometric='MINISBLACK')
    refused('the file has 4 bands .1 gray, 2 undefined, 3 undefined, 4 undefined. and does not say which', four, grey=False)
    refused('--bands 5: the file has the bands 1 to 4', tmp_path / '4.tif', bands=[5])
    refused('the model reads one band, found --bands 1 2 3', tmp_path / '4.tif', bands=[1, 2, 3])
    refused('1 x 1 pixels: at least 8 x 8 are needed', write_scene(tmp_path / '1.tif', image[:1, :1]))
    for side in (20, 2100):
        refused('every pixel is nodata', write_scene(tmp_path / 'n.tif', np.zeros((side, side), np.uint8), nodata=0))
    refused('every pixel is nodata', write_scene(tmp_path / 'nan.tif', np.full((20, 20), np.nan, np.float32)))
    refused('the pixels are uint16: choose a stretch', write_scene(tmp_path / 'u.tif', image.astype(np.uint16)), stretch='none')
    refused('real numbers are expected, found complex64', write_scene(tmp_path / 'c.tif', image.astype(np.complex64)))
    for text in ('stretch', 'linear', 'db:1', 'db:0:-20', 'linear:a:b'):
        with pytest.raises(InputError, match='expected auto, none, percentile'):
            Stretch.parse(text)
    bare = Scene(write_scene(tmp_path / 'bare.tif', image, crs=None))
    assert bare.georeference is None and 'it has no coordinate reference system; positions are in pixels' in bare.warnings[0]


@pytest.mark.parametrize('text', ['percentile:0.5:150', 'percentile:-1:99', 'linear:nan:5', 'linear:0:inf', 'db:nan:0'])
def test_limits_that_are_none_are_refused(text):
    with pytest.raises(InputError, match=f"stretch '{text}': expected .* with finite LOW < HIGH, percentiles from 0 to 100"):
        Stretch.parse(text)
