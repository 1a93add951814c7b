"""Rasters are what they are: nothing that a file names is read in its place, neither files nor servers."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin

from mmsight.apis.land_mask import on_land
from mmsight.apis.scene import Scene, count_pixels
from mmsight.cli import main
from mmsight.errors import InputError
from mmsight.rasters import open_raster
from mmsight.tasks import find_tasks

SIZE, SECRET, SHOWN = 64, 77, 5


def write(path, value=SHOWN, driver='GTiff', size=SIZE, **tags):
    where = dict(crs='EPSG:32633', transform=from_origin(500000, 7000000, 10, 10)) if driver == 'GTiff' else {}
    with rasterio.open(path, 'w', driver=driver, width=size, height=size, count=1, dtype='uint8', **where) as file:
        file.write(np.full((1, size, size), value, np.uint8))
        if tags:
            file.update_tags(ns='OVERVIEWS', **tags)
    return path


@pytest.fixture
def server():
    """A local server; yields its address, and fails the test if it was asked for anything."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_GET

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{http.server_port}'
        http.shutdown()
    assert asked == []


def vrt(source):
    return (f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}"><SRS>EPSG:32633</SRS>'
            f'<GeoTransform>500000,10,0,7000000,0,-10</GeoTransform>'
            f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{source}</SourceFilename>'
            '<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>')


def raw(path):
    return (f'<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
            f'<SourceFilename relativetoVRT="0">{path}</SourceFilename></VRTRasterBand></VRTDataset>')


DOCUMENTS = {
    'VRT': lambda url, secret: vrt(secret),
    'VRT of raw bytes': lambda url, secret: raw(secret),
    'VRT over curl': lambda url, secret: vrt(f'/vsicurl/{url}/a.tif'),
    'VRT over S3': lambda url, secret: vrt('/vsis3/bucket/a.tif'),
    'VRT in a zip': lambda url, secret: vrt(f'/vsizip//vsicurl/{url}/a.zip/a.tif'),
    'warped VRT': lambda url, secret: vrt(secret).replace('<VRTDataset', '<VRTDataset subClass="VRTWarpedDataset"'),
    'WMS': lambda url, secret: f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}</ServerUrl></Service><DataWindow>'
                               '<SizeX>64</SizeX><SizeY>64</SizeY></DataWindow></GDAL_WMS>',
    'WMTS': lambda url, secret: f'<GDAL_WMTS><GetCapabilitiesUrl>{url}/c.xml</GetCapabilitiesUrl></GDAL_WMTS>',
    'WCS': lambda url, secret: f'<WCS_GDAL><ServiceURL>{url}/?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>',
    'STACIT': lambda url, secret: json.dumps({'type': 'FeatureCollection', 'stac_version': '1.0.0', 'features': [
        {'type': 'Feature', 'stac_version': '1.0.0', 'assets': {'a': {'href': f'{url}/a.tif'}}}]}),
    'URL': lambda url, secret: f'{url}/a.tif',
    'ENVI header': lambda url, secret: 'ENVI\nsamples = 8\nlines = 8\nbands = 1\n',
}


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


def test_what_names_something_else_is_no_scene(hostile):
    with pytest.raises(InputError, match='hostile.tif: (the file is damaged, or not a GeoTIFF|its overviews are said to be)'):
        Scene(hostile)


def test_what_names_something_else_is_no_land(hostile, tmp_path):
    with pytest.raises(InputError, match='hostile.tif'):
        on_land(hostile, Scene(write(tmp_path / 'scene.tif')), np.array([[3.0, 3.0]]))


def test_what_names_something_else_is_not_matched(hostile, tmp_path):
    for pair in ((hostile, tmp_path / 'secret.tif'), (tmp_path / 'secret.tif', hostile)):
        with pytest.raises(SystemExit, match='error: .*hostile.tif'):
            main(['match', *map(str, pair), '-m', 'SIFT', '--out-dir', str(tmp_path / 'out')])


def test_what_names_something_else_is_refused_by_the_web_page(hostile, tmp_path):
    gradio = pytest.importorskip('gradio', reason="the web page needs the extra 'web'")
    from mmsight.serve import Runner
    assert count_pixels(hostile) == 0
    with pytest.raises(gradio.Error, match='hostile.tif'):
        next(Runner({}, 'cpu').run(find_tasks()['match'], str(hostile), str(tmp_path / 'secret.tif'), 'SIFT', 100))


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
