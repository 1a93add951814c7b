"""One guard for all readers: what a library raises is the file's fault, what a line of ours raises is a bug."""

import io
import json
import os
import zlib

import cv2
import nibabel as nib
import numpy as np
import pydicom
import pytest
import rasterio

from mmsight.annotations import read_text, read_xml
from mmsight.cli import friendly
from mmsight.errors import InputError
from mmsight.image_header import read_header
from mmsight.images import decode_image
from mmsight.json_files import read_json, to_json, write_json
from mmsight.memory import VARIABLE
from mmsight.pictures import image_size, read_image
from mmsight.rasters import open_raster
from mmsight.reading import is_bug, reading


def pixels(height=300, width=400):
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def encode(suffix, *options):
    return cv2.imencode(suffix, pixels(), list(options))[1].tobytes()


JPEG = {'baseline': encode('.jpg'), 'progressive': encode('.jpg', cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        'with restarts': encode('.jpg', cv2.IMWRITE_JPEG_RST_INTERVAL, 4), 'grey': cv2.imencode(
            '.jpg', pixels()[..., 0])[1].tobytes()}


@pytest.mark.parametrize('call', [
    lambda path: nib.load(path), lambda path: pydicom.dcmread(path), lambda path: rasterio.open(path),
    lambda path: np.load(path), lambda path: json.loads(path.read_bytes()), lambda path: path.read_text(),
    lambda path: cv2.resize(np.zeros((0, 0), np.uint8), (1, 1)), lambda path: zlib.decompress(path.read_bytes()),
    lambda path: json.loads('[' * 100_000), lambda path: np.frombuffer(path.read_bytes(), np.uint8)[3:].reshape(7, 7),
], ids=['nibabel', 'pydicom', 'GDAL', 'NumPy', 'json', 'unicode', 'OpenCV', 'zlib', 'nesting', 'shape'])
def test_what_a_library_raises_becomes_one_sentence(call, tmp_path):
    path = tmp_path / 'scan.nii'
    path.write_bytes(b'\xff\xfe no content')
    with pytest.raises(InputError) as caught, reading(path, 'a scan'):
        call(path)
    text = str(caught.value)
    assert text.startswith(f'{path}: the file is damaged, or ') and '\n' not in text and 'force' not in text


def test_a_fault_of_ours_keeps_its_traceback_and_is_marked(capsys, tmp_path):
    source = compile('def fail(content):\n    return content["key"]\n', 'mmsight/some_reader.py', 'exec')
    space = dict(__name__='mmsight.some_reader')
    exec(source, space)
    with pytest.raises(KeyError) as caught, reading(tmp_path / 'scan.nii', 'a scan'):
        space['fail']({})
    assert is_bug(caught.value)
    with pytest.raises(SystemExit, match='^error: this is a fault in MMSight'):
        friendly(space['fail'])({})
    assert 'mmsight/some_reader.py' in capsys.readouterr().err


@pytest.mark.parametrize('make, kind', [(os.mkfifo, 'pipe'), (lambda path: path.symlink_to('/dev/zero'), 'device or socket'),
                                        (os.mkdir, 'folder')])
def test_only_regular_files_are_read(make, kind, tmp_path):
    path = tmp_path / 'a.tif'
    make(path)
    for read in (read_image, read_text, read_xml, read_json, open_raster, image_size):
        with pytest.raises(InputError, match=f'a.tif: the file cannot be read: it is a {kind}'):
            read(path)


@pytest.mark.parametrize('kind', JPEG)
def test_half_a_jpeg_with_an_end_marker_is_refused(kind):
    whole = JPEG[kind]
    assert np.array_equal(decode_image(whole, 'a.jpg'), cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_UNCHANGED))
    for content in (whole[:len(whole) // 2] + b'\xff\xd9', whole[:len(whole) // 2], whole[:-200] + b'\xff\xd9'):
        with pytest.raises(InputError, match=r'a.jpg: the file is damaged or cut'):
            decode_image(content, 'a.jpg')


@pytest.mark.parametrize('content', [*JPEG.values(), encode('.png'), encode('.webp'), encode('.bmp')], ids=[
    *JPEG, 'png', 'webp', 'bmp'])
def test_data_behind_an_image_are_no_fault(content):
    found = decode_image(content + b'more of a camera' * 100 + b'\xff\xd9', 'a')
    assert np.array_equal(found, decode_image(content, 'a'))


def test_a_whole_jpeg_that_ends_in_the_colour_of_a_cut_one_is_read():
    flat = cv2.imencode('.jpg', np.full((64, 64, 3), 128, np.uint8))[1].tobytes()
    assert (decode_image(flat, 'a.jpg') == 128).all()


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.tif', '.webp'])
def test_a_cut_image_is_refused(suffix):
    content = encode(suffix)
    with pytest.raises(InputError, match='^a: the file is damaged'):
        decode_image(content[:len(content) // 2], 'a')


@pytest.mark.parametrize('suffix, options', [('.png', ()), ('.jpg', ()), ('.bmp', ()), ('.tif', ()), ('.webp', ()), (
    '.webp', (cv2.IMWRITE_WEBP_QUALITY, 101))])
def test_sizes_come_from_the_header(suffix, options):
    header = read_header(io.BytesIO(encode(suffix, *options)[:4000] if suffix != '.tif' else encode(suffix)))
    assert (header.width, header.height) == (400, 300)


def bomb(side, channels=3):
    """A PNG whose header promises ``side`` x ``side`` pixels."""
    def chunk(kind, data):
        return len(data).to_bytes(4, 'big') + kind + data + zlib.crc32(kind + data).to_bytes(4, 'big')

    size = side.to_bytes(4, 'big')
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', size + size + bytes([8, 2, 0, 0, 0])) + chunk(
        b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b'')


def test_memory_is_checked_before_it_is_taken(monkeypatch):
    with pytest.raises(InputError, match='a.png: an image of 60000 x 60000 pixels takes 30.2 GB of memory, and 4 GB are '
                                         'allowed: raise that with --max-memory'):
        decode_image(bomb(60_000), 'a.png')
    monkeypatch.setenv(VARIABLE, '0.001')
    with pytest.raises(InputError, match='takes 0.00101 GB of memory, and 0.001 GB are allowed'):
        decode_image(encode('.png'), 'a.png')
    monkeypatch.setenv(VARIABLE, '100')
    with pytest.raises(InputError, match='60000 x 60000 pixels is more than the 1073741824 that can be decoded at once'):
        decode_image(bomb(60_000), 'a.png')
    for text in ('many', 'nan', '-1', '0'):
        monkeypatch.setenv(VARIABLE, text)
        with pytest.raises(InputError, match=f"MMSIGHT_MAX_MEMORY must be a positive number of GB, found '{text}'"):
            decode_image(encode('.png'), 'a.png')


@pytest.mark.parametrize('content', [b'[' * 200_000, b'{"a": NaN}', b'[-Infinity]', b'[1e999]', b'[1', b'\xff\xfe\xff', b''])
def test_json_that_is_none_is_refused(content, tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(InputError, match='a.json: the file is damaged, or (not JSON|nested too deeply)'):
        read_json(path)


def test_json_of_small_parts_is_measured_as_python_holds_it(tmp_path, monkeypatch):
    path = tmp_path / 'a.json'
    path.write_bytes(b'[' + b'[],' * 100_000 + b'[]]')
    monkeypatch.setenv(VARIABLE, '0.01')
    with pytest.raises(InputError, match='this JSON takes 0.01.. GB'):
        read_json(path)


def test_json_has_no_numbers_that_are_none(tmp_path):
    write_json(tmp_path / 'a.json', dict(a=[np.nan, 1.5], b=(np.inf, ), c=dict(d=-np.inf)))
    assert (tmp_path / 'a.json').read_text() == '{"a": [null, 1.5], "b": [null], "c": {"d": null}}\n'
    assert to_json([1, None, 'NaN']) == '[1, null, "NaN"]\n'


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / 'a.json').write_text('{"a": 1}', encoding='utf-8-sig')
    assert read_json(tmp_path / 'a.json') == {'a': 1}


def test_blocks_that_can_only_be_read_whole_are_bounded(tmp_path, monkeypatch):
    path = tmp_path / 'a.tif'
    with rasterio.open(path, 'w', driver='GTiff', width=40_000, height=40_000, count=1, dtype='uint8', SPARSE_OK=True,
                       tiled=True, blockxsize=30_000 // 16 * 16, blockysize=30_000 // 16 * 16):
        pass
    monkeypatch.setenv(VARIABLE, '1')
    with pytest.raises(InputError, match='a.tif: a block of its pixels, which can only be read whole, takes'):
        open_raster(path)


def test_blocks_far_larger_than_the_image_are_refused(tmp_path):
    """GDAL would take seconds and gigabytes for a small image."""
    path = tmp_path / 'a.tif'
    side = 16_000
    with rasterio.open(path, 'w', driver='GTiff', width=40, height=40, count=1, dtype='uint8', SPARSE_OK=True, tiled=True,
                       blockxsize=side, blockysize=side):
        pass
    with pytest.raises(InputError, match='a.tif: the file is damaged: its pixels are said to be stored in blocks much larger'):
        open_raster(path)


def test_a_sentence_has_no_line_breaks_of_what_it_quotes():
    assert str(InputError("a.dcm: the class '1.2\n.3'\n")) == "a.dcm: the class '1.2 .3'"


@pytest.mark.parametrize(('content', 'kind'), [(b'GIF89a\1\0', 'GIF'), (b'%PDF-1.7', 'PDF'),
                                               (b'\0\0\0\x18ftypheic', 'HEIC or AVIF'), (b'\x1f\x8b\x08', 'gzip')])
def test_a_format_that_is_not_read_is_named(content, kind, tmp_path):
    path = tmp_path / 'a.png'
    path.write_bytes(content + bytes(100))
    for read in (read_image, open_raster):
        with pytest.raises(InputError) as raised:
            read(path)
        assert str(raised.value) == (
            f'{path}: this is a file of the format {kind}, which is not read: convert it to PNG or TIFF first')


def test_a_cut_header_is_said_in_words(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'\x89PNG\r\n\x1a\n\0\0')
    with pytest.raises(InputError, match='a.png: the file is damaged, or not an image: its header is cut or damaged'):
        read_image(tmp_path / 'a.png')
