"""Rasters are what they are: nothing that a file names is read in its place, neither files nor servers."""

import shutil

import pytest
import rasterio
import rasterio.shutil

from mmsight.apis.land_mask import LandMask
from mmsight.apis.scene import Scene, count_pixels
from mmsight.cli import main
from mmsight.errors import InputError
from mmsight.rasters import open_raster
from tests.hostile.rasters import DOCUMENTS, SECRET, SHOWN, SIZE, vrt, write


@pytest.fixture(params=[*DOCUMENTS, 'overview in a file', 'overview over curl', 'overview at a URL'])
def hostile(request, server, tmp_path):
    """A ``.tif`` that names something else."""
    secret, path = write(tmp_path / 'secret.tif', SECRET), tmp_path / 'hostile.tif'
    if request.param in DOCUMENTS:
        path.write_text(DOCUMENTS[request.param](server, secret))
    else:
        named = dict(file=secret, curl=f'/vsicurl/{server}/a.tif', URL=f'{server}/a.tif')[request.param.split()[-1]]
        write(path, size=2 * SIZE, OVERVIEW_FILE=str(named))
    return path


@pytest.mark.parametrize('place, value, said', [(0, 2_000_000, '35715 tiles'), (16, 0, 'no extent'), (16, 1, '56 tiles')])
def test_a_jpeg_2000_of_more_tiles_than_bytes(tmp_path, place, value, said):
    rasterio.open(tmp_path / 'a.jp2', 'w', driver='JP2OpenJPEG', width=56, height=40, count=1, dtype='uint8').close()
    content = bytearray((tmp_path / 'a.jp2').read_bytes())
    start = content.index(b'\xff\x4f\xff\x51') + 8 + place
    content[start:start + 4] = value.to_bytes(4, 'big')
    for path, kept in ((tmp_path / 'a.jp2', content), (tmp_path / 'a.j2k', content[start - 8 - place:])):  # in a box, and alone
        path.write_bytes(kept)
        with pytest.raises(InputError, match=said):
            open_raster(path)


def test_what_names_something_else_is_no_scene(hostile):
    assert count_pixels(hostile) == 0
    with pytest.raises(InputError, match='hostile.tif: (the file is damaged, or not a GeoTIFF|its overviews are said to be)'):
        Scene(hostile)


def test_what_names_something_else_is_no_land(hostile, tmp_path):
    with pytest.raises(InputError, match='hostile.tif'):
        LandMask(hostile, Scene(write(tmp_path / 'scene.tif')))


def test_what_names_something_else_is_not_matched(hostile, tmp_path):
    for pair in ((hostile, tmp_path / 'secret.tif'), (tmp_path / 'secret.tif', hostile)):
        with pytest.raises(SystemExit, match='error: .*hostile.tif'):
            main(['match', *map(str, pair), '-m', 'SIFT', '--out-dir', str(tmp_path / 'out')])


@pytest.mark.parametrize('suffix', ['.ovr', '.msk', '.aux.xml', '.vrt'])
def test_files_beside_a_raster_are_not_read(suffix, tmp_path, server):
    path = write(tmp_path / 'scene.tif', size=2 * SIZE)
    write(tmp_path / 'secret.tif', SECRET)
    beside = tmp_path / f'scene.tif{suffix}'
    if suffix == '.aux.xml':
        beside.write_text(f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/vsicurl/{server}/a.tif</MDI>'
                          '</Metadata></PAMDataset>')
    else:
        beside.write_text(vrt(tmp_path / 'secret.tif'))
    scene = Scene(path)
    values, valid = scene.values(0, 0, 2 * SIZE, 2 * SIZE, (SIZE, SIZE))
    assert (values == SHOWN).all() and valid.all()


@pytest.mark.parametrize('driver', ['GTiff', 'JP2OpenJPEG', 'PNG', 'JPEG', 'COG'])
def test_the_content_decides_not_the_name(driver, tmp_path):
    path = tmp_path / 'image'
    if driver == 'COG':
        with rasterio.open(write(tmp_path / 'a.tif')) as source:
            rasterio.shutil.copy(source, path, driver=driver)
    else:
        write(path, driver=driver)
    shutil.move(path, tmp_path / 'image.jp2')
    with open_raster(tmp_path / 'image.jp2') as file:
        assert file.driver == ('GTiff' if driver == 'COG' else driver) and (file.read() == SHOWN).all()
