"""A file of each form in the table of the documents: training and inference see what it means, by numbers made beside."""

import contextlib
import struct
import sys

import cv2
import numpy as np
import pytest
import rasterio
import tifffile
from mmsight.projects.larsd.loading import LoadShipImage
from mmsight.projects.s2net.loading import read_rgb
from mmsight.projects.sar_shipnet.loading import LoadSARImage
from mmsight.projects.super_resolution.inferencer import _with_profile, read_photo
from mmsight.projects.super_resolution.loading import load_rgb
from PIL import Image
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from mmsight.apis.scene import Scene
from mmsight.errors import InputError
from mmsight.forms import FORMS
from mmsight.pictures import image_size, read_image, read_picture
from mmsight.raster_values import Raster
from tests.colour_profiles import cmyk_meant, cmyk_profile, grey_meant, grey_profile, lab_to_srgb, rgb_meant, rgb_profile

HEIGHT, WIDTH = 40, 56
COLOUR = cv2.resize(np.random.default_rng(0).integers(30, 226, (4, 6, 3)).astype(np.uint8), (WIDTH, HEIGHT))
GREY = COLOUR[..., 1]
INKS = (255 * np.random.default_rng(1).integers(0, 2, (HEIGHT, WIDTH, 4))).astype(np.uint8)
UTM = CRS.from_epsg(32633)
GRID = Affine(10, 0, 500000, 0, -10, 4500000)


def pil(image, mode=None):
    return Image.fromarray(image) if mode is None else Image.frombytes(mode, image.shape[1::-1], image.tobytes())


def tiff(path, image, places=None, **options):
    """A raster of bands (n, h, w) or (h, w); returns what rasterio has opened."""
    image = image if image.ndim == 3 else image[None]
    place = dict(crs=UTM, transform=GRID) if places is None else places
    file = rasterio.open(path, 'w', driver='GTiff', count=len(image), height=HEIGHT, width=WIDTH, dtype=image.dtype, **place,
                         **options)
    file.write(image)
    return file


def bands(image=COLOUR):
    return image.transpose(2, 0, 1)


def patched(path, tag, value):
    """Change a short tag of a small-endian TIFF."""
    content = path.read_bytes()
    place = content.index(struct.pack('<HHI', tag, 3, 1)) + 8
    path.write_bytes(content[:place] + struct.pack('<H', value) + content[place + 2:])


def stretched(image):
    low, high = np.percentile(image, (0.5, 99.5))
    return 255 * ((image - low) / (high - low)).clip(0, 1)


# each writes a file and returns what is to be seen, red first; a text is a part of the sentence that refuses it

def grey_picture(path):
    pil(GREY).save(path / 'a.png')
    return GREY


def colour_picture(path):
    pil(COLOUR).save(path / 'a.bmp')
    return COLOUR


def palette_picture(path):
    image = pil(COLOUR).quantize(32)
    image.save(path / 'a.png')
    return np.asarray(image.convert('RGB'))


def deep_picture(path):
    cv2.imwrite(str(path / 'a.png'), 100 + 200 * GREY.astype(np.uint16))
    return stretched(GREY)


def alpha_picture(path):
    key = tuple(int(value) for value in COLOUR[3, 4])
    pil(COLOUR).save(path / 'a.png', transparency=key)
    return np.where((key == COLOUR).all(axis=2, keepdims=True), 0, COLOUR)


def turned_picture(path):
    exif = Image.Exif()
    exif[274] = 6
    pil(COLOUR).save(path / 'a.png', exif=exif)
    return np.rot90(COLOUR, -1)


def profile_picture(path):
    pil(COLOUR).save(path / 'a.png', icc_profile=rgb_profile())
    return rgb_meant(COLOUR)


def cmyk_picture(path):
    blocks = INKS[::8, ::8].repeat(8, 0).repeat(8, 1)  # which JPEG keeps
    pil(blocks, 'CMYK').save(path / 'a.jpg', icc_profile=cmyk_profile(), quality=100)
    return cmyk_meant(blocks)


def frames(path):
    pil(COLOUR).save(path / 'a.png', save_all=True, append_images=[pil(COLOUR[::-1])])
    return COLOUR


def placed_picture(path, suffix='pgw'):
    pil(COLOUR).save(path / 'a.png')
    _beside(path, suffix)
    return COLOUR


def _beside(path, suffix):
    (path / f'a.{suffix}').write_text('10\n0\n0\n-10\n500005\n4499995\n')
    (path / 'a.prj').write_text(UTM.to_wkt(morph_to_esri_dialect=True))


def grey_raster(path):
    tiff(path / 'a.tif', GREY).close()
    return GREY


def colour_raster(path):
    image = np.stack([GREY // 2, COLOUR[..., 2], COLOUR[..., 0], COLOUR[..., 1]])
    with tiff(path / 'a.tif', image, photometric='MINISBLACK') as file:
        file.descriptions = 'nir', 'Blue', 'Red', 'Green'
    return COLOUR


def three_bands(path):
    tiff(path / 'a.tif', bands(), photometric='MINISBLACK').close()
    return COLOUR


def many_bands(path):
    tiff(path / 'a.tif', np.stack([GREY, GREY]), photometric='MINISBLACK').close()
    return 'the file has 2 bands .1 gray, 2 undefined. and does not say which are red'


def palette_raster(path):
    image = pil(COLOUR).quantize(32)
    image.save(path / 'a.tif')
    return np.asarray(image.convert('RGB'))


def white_is_zero(path):
    tiff(path / 'a.tif', 65535 - 257 * GREY.astype(np.uint16), photometric='MINISWHITE').close()
    return stretched(GREY)


def one_bit(path):
    pil((GREY > 128).astype(np.uint8) * 255).convert('1').save(path / 'a.tif')
    return 255 * (GREY > 128)


def ycbcr(path):
    pil(COLOUR).convert('YCbCr').save(path / 'a.tif')
    return COLOUR


def cielab(path):
    lab = np.dstack([GREY, COLOUR[..., 0] // 8, COLOUR[..., 2] // 8])
    pil(lab, 'LAB').save(path / 'a.tif')
    return lab_to_srgb(lab / [2.55, 1, 1])


def cmyk_raster(path):
    pil(INKS, 'CMYK').save(path / 'a.tif', icc_profile=cmyk_profile())
    return cmyk_meant(INKS)


def profile_raster(path):
    pil(COLOUR).save(path / 'a.tif', icc_profile=rgb_profile())
    return rgb_meant(COLOUR)


def mosaic(path):
    pil(GREY).save(path / 'a.tif')
    patched(path / 'a.tif', 262, 32803)
    return 'the raw mosaic of a camera'


def floats(path):
    tiff(path / 'a.tif', GREY.astype(np.float32) / 7 - 3).close()
    return stretched(GREY)


def scaled(path):
    with tiff(path / 'a.tif', GREY.astype(np.uint16)) as file:
        file.scales, file.offsets = (-0.1, ), (30, )
    return stretched(-GREY.astype(float))


def nodata(path):
    image = COLOUR.copy()
    image[:9], image[10, 20] = 0, (0, 90, 0)  # black is no data, dark red is
    tiff(path / 'a.tif', bands(image), nodata=0).close()
    return image


def pages(path):
    pil(GREY).save(path / 'a.tif', save_all=True, append_images=[pil(GREY[::-1])])
    return GREY


def turned_raster(path):
    pil(COLOUR).save(path / 'a.tif', tiffinfo={274: 8})
    return np.rot90(COLOUR)


def placed(places):
    def make(path):
        tiff(path / 'a.tif', GREY, places).close()
        return GREY
    return make


def control_points(path):
    points = [GroundControlPoint(row, col, *(GRID @ (col, row))) for row in (0, 20, 40) for col in (0, 14, 30, 56)]
    with tiff(path / 'a.tif', GREY, {}) as file:
        file.gcps = points, UTM
    return GREY


def rational_polynomials(path):
    def linear(**terms):
        return [terms.get(name, 0.0) for name in ('one', 'lon', 'lat', 'height')] + [0.0] * 16

    with tiff(path / 'a.tif', GREY, {}) as file:
        file.rpcs = RPC(
            height_off=50.0, height_scale=500.0, lat_off=10.0, lat_scale=1.8e-3, long_off=20.0, long_scale=2.55e-3,
            line_off=20.0, line_scale=20.0, samp_off=28.0, samp_scale=28.0,
            line_num_coeff=linear(lat=-1.0), line_den_coeff=linear(one=1.0),
            samp_num_coeff=linear(lon=1.0), samp_den_coeff=linear(one=1.0))
    return GREY


def placed_raster(path):
    tiff(path / 'a.tif', GREY, {}).close()
    _beside(path, 'TFW')
    return GREY


MAKERS = {
    'Pictures': {'grey': grey_picture, 'colour': colour_picture, 'palette': palette_picture, '16 bits': deep_picture,
                 'alpha': alpha_picture, 'orientation': turned_picture, 'profile': profile_picture, 'cmyk': cmyk_picture,
                 'frames': frames, 'world file': placed_picture},
    'Rasters': {'grey': grey_raster, 'colour': colour_raster, 'three bands': three_bands, 'many bands': many_bands,
                'palette': palette_raster, 'white is zero': white_is_zero, 'one bit': one_bit, 'ycbcr': ycbcr, 'cielab': cielab,
                'cmyk': cmyk_raster, 'profile': profile_raster, 'mosaic': mosaic, '16 bits': floats, 'scale': scaled,
                'nodata': nodata, 'pages': pages, 'orientation': turned_raster,
                'rotated': placed(dict(crs=UTM, transform=GRID @ Affine.rotation(30) @ Affine.scale(1, -1))),
                'control points': control_points, 'rational polynomials': rational_polynomials,
                'world file': placed_raster,
                'longitudes': placed(dict(crs='EPSG:4326', transform=Affine(1e-4, 0, 190, 0, -1e-4, 45))),
                'antimeridian': placed(dict(crs='EPSG:32660', transform=Affine(10, 0, 734000, 0, -10, 4988000))),
                'pole': placed(dict(crs='EPSG:3995', transform=Affine(10, 0, -280, 0, -10, 200)))},
}
CASES = [pytest.param(family, name, id=f'{family}, {name}') for family, makers in MAKERS.items() for name in makers]
SAID = {('Pictures', 'frames'): '2 frames, of which the first is read',
        ('Rasters', 'pages'): '2 pages, of which the first is read',
        ('Rasters', 'three bands'): 'does not say which of its bands'}
"""What is a warning; everything else is none."""
PLACED = {'world file': (GRID, UTM), 'control points': (GRID, UTM), 'grey': (GRID, UTM),
          'rotated': (GRID @ Affine.rotation(30) @ Affine.scale(1, -1), UTM),
          # its numbers are those of pixels' centres
          'rational polynomials': (Affine.translation(20, 10) @ Affine.scale(2.55e-3 / 28, -1.8e-3 / 20)
                                   @ Affine.translation(-28.5, -20.5), 'EPSG:4326'),
          'longitudes': (Affine(1e-4, 0, -170, 0, -1e-4, 45), 'EPSG:4326'),
          'antimeridian': (Affine(10, 0, 734000, 0, -10, 4988000), 'EPSG:32660'),
          'pole': (Affine(10, 0, -280, 0, -10, 200), 'EPSG:3995')}


def test_every_form_has_a_file():
    for family, makers in MAKERS.items():
        assert list(makers) == [form.name for form in FORMS[family]]


def the_file(folder):
    found, = (path for path in folder.iterdir() if path.suffix in ('.png', '.jpg', '.bmp', '.tif'))
    return found


@pytest.mark.parametrize('family, name', CASES)
def test_training_and_inference_see_what_the_file_means(family, name, tmp_path):
    seen = MAKERS[family][name](tmp_path)
    path = the_file(tmp_path)
    readers = [lambda: Scene(path), lambda: Scene(path, grey=False), lambda: load_rgb(str(path)), lambda: read_photo(path),
               lambda: LoadSARImage().transform(dict(img_path=str(path))), lambda: read_rgb(str(path)),
               lambda: LoadShipImage().transform(dict(img_path=str(path)))]
    if isinstance(seen, str):
        for read in readers:
            with pytest.raises(InputError, match=f'{path.name}: .*{seen}'):
                read()
        return
    scene = Scene(path, grey=False)
    size = 0, 0, scene.width, scene.height
    image, _ = scene.read(*size)
    expected = seen[..., ::-1] if seen.ndim == 3 else np.repeat(seen[..., None], 3, axis=2)
    assert image.shape == expected.shape
    # roundings; Little CMS counts in steps of CIELAB, chroma of JPEG and YCbCr is rounded
    away = np.abs(image - np.asarray(expected, float))
    assert away.mean() < 1.5 and np.percentile(away, 99) < (12 if name == 'ycbcr' else 6)
    assert [SAID[family, name] in warning for warning in scene.warnings if 'positions are in pixels' not in warning] == (
        [True] if (family, name) in SAID else [])
    # windows are cut from the same
    np.testing.assert_array_equal(scene.read(5, 3, 20, 17)[0], image[3:20, 5:25])
    grey, _ = Scene(path).read(*size)
    np.testing.assert_array_equal(LoadShipImage().transform(dict(img_path=str(path)))['img'], image)
    np.testing.assert_array_equal(LoadShipImage(grey=True).transform(dict(img_path=str(path)))['img'], np.repeat(grey, 3, 2))
    np.testing.assert_array_equal(LoadSARImage(channels=1).transform(dict(img_path=str(path)))['img'], grey)
    np.testing.assert_array_equal(read_rgb(str(path)), image[..., ::-1])
    deep = Scene(path).dtype != np.uint8
    if not deep and name not in ('alpha', 'nodata'):
        np.testing.assert_array_equal(load_rgb(str(path)), image[..., ::-1])
    if not deep and name not in ('alpha', 'nodata', 'profile') or (family, name) == ('Rasters', 'profile'):
        photo = read_photo(path).values
        np.testing.assert_array_equal(photo if photo.ndim == 3 else np.repeat(photo[..., None], 3, 2), image[..., ::-1])


@pytest.mark.parametrize('family, name', CASES)
def test_a_damaged_file_ends_in_a_sentence(family, name, tmp_path):
    MAKERS[family][name](tmp_path)
    path, rng = the_file(tmp_path), np.random.default_rng(list(MAKERS[family]).index(name))
    whole = path.read_bytes()
    for length in rng.integers(1, len(whole), 4):
        content = np.frombuffer(whole, np.uint8).copy()
        content[rng.integers(len(whole), size=length % 9)] = rng.integers(256)
        path.write_bytes(content[:length if length % 2 else None].tobytes())
        for read in (lambda: Scene(path, grey=False).thumbnail(20), lambda: read_photo(path), lambda: image_size(path)):
            with contextlib.suppress(InputError):
                read()


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
@pytest.mark.parametrize('grey', [False, True])
def test_16_bits_go_through_their_colour_profile(tmp_path, suffix, grey, monkeypatch):
    """Against the formula of the profile; grey stands for its three equal colours."""
    path, deep = tmp_path / f'a{suffix}', COLOUR.astype(np.uint16) * 257
    if grey:
        deep = deep[..., 1]
    profile = grey_profile() if grey else rgb_profile()
    if suffix == '.png':
        encoded = cv2.imencode('.png', deep if grey else deep[..., ::-1])[1].tobytes()
        path.write_bytes(_with_profile(encoded, profile))
    else:
        tifffile.imwrite(path, deep, photometric='minisblack' if grey else 'rgb', iccprofile=profile)
    expected = grey_meant(GREY) if grey else rgb_meant(COLOUR)
    picture = read_picture(path)
    assert picture.values.dtype == np.uint16 and 'brought to sRGB by its colour profile' in picture.done[0]
    assert np.abs(picture.values / 257 - expected).max() < 1.5
    if suffix == '.tif':
        raster = Raster(path)
        assert np.array_equal(raster.read(4, 2, 20, 10)[0].transpose(1, 2, 0).squeeze(), picture.values[2:12, 4:24])
    monkeypatch.setitem(sys.modules, 'imagecodecs', None)
    picture = read_picture(path)
    assert 'left aside, as 16 bits need the package imagecodecs' in picture.done[0]
    np.testing.assert_array_equal(picture.values, deep)


def test_opencv_sees_no_animation(tmp_path, monkeypatch):
    """Over a damaged one it crashes."""
    frames(tmp_path)
    seen, decode = [], cv2.imdecode
    monkeypatch.setattr(cv2, 'imdecode', lambda content, flags: seen.append(bytes(content)) or decode(content, flags))
    np.testing.assert_array_equal(read_image(tmp_path / 'a.png')[..., ::-1], COLOUR)
    assert b'fdAT' in (tmp_path / 'a.png').read_bytes() and not any(kind in seen[0] for kind in (b'acTL', b'fcTL', b'fdAT'))


@pytest.mark.parametrize('family, name', [('Pictures', 'grey'), ('Pictures', 'orientation'), ('Rasters', 'orientation')])
def test_sizes_are_those_of_upright_images(family, name, tmp_path):
    MAKERS[family][name](tmp_path)
    assert image_size(the_file(tmp_path)) == read_image(the_file(tmp_path)).shape[1::-1]


@pytest.mark.parametrize('family, name', [('Pictures', 'world file'), *(('Rasters', name) for name in PLACED)])
def test_positions(family, name, tmp_path):
    MAKERS[family][name](tmp_path)
    scene = Scene(the_file(tmp_path))
    transform, crs = PLACED[name]
    pixels = np.array([[0.0, 0], [30.5, 7.25], [WIDTH, HEIGHT]])
    x, y = zip(*(transform @ place for place in pixels), strict=True)
    expected = np.array(rasterio.warp.transform(crs, 'EPSG:4326', x, y)).T
    found = scene.georeference.to_lonlat(pixels)
    np.testing.assert_allclose(found[:, 1], expected[:, 1], atol=1e-7)
    np.testing.assert_allclose((found[:, 0] - expected[:, 0] + 180) % 360 - 180, 0, atol=1e-7)
    assert (np.abs(found[:, 0]) <= 180).all() and not scene.warnings
    assert scene.gsd == pytest.approx(9.5 if name == 'longitudes' else 10, rel=0.03)
