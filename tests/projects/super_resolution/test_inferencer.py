"""Images in, larger PNG files out: bits, alpha, grey and orientation stay."""

import cv2
import numpy as np
import pytest
import rasterio
import tifffile
import torch
from mmengine.registry import MODELS, init_default_scope
from PIL import Image, ImageOps
from rasterio.enums import ColorInterp

from mmsight.apis import UpscaleInferencer
from mmsight.configs import load_config
from mmsight.errors import InputError
from mmsight.pictures import read_picture

TOY = 'configs/super_resolution/super_resolution_toy.py'


@pytest.fixture(scope='module')
def weights(root, tmp_path_factory):
    """Weights of an untrained toy network, whose skip makes it a bilinear enlargement."""
    torch.manual_seed(0)
    cfg = load_config(str(root / TOY))
    init_default_scope(cfg.default_scope)
    path = tmp_path_factory.mktemp('weights') / 'toy.pth'
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), path)
    return path


@pytest.fixture(scope='module')
def inferencer(root, weights):
    return UpscaleInferencer(str(root / TOY), str(weights), 'cpu', show_progress=False)


def smooth(*shape):
    return cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8), (0, 0), 3)


@pytest.mark.parametrize('dtype, suffix', [(np.uint8, '.png'), (np.uint16, '.png'), (np.uint16, '.tif'), (np.uint8, '.webp')])
@pytest.mark.parametrize('channels', [1, 3, 4])
def test_bits_and_channels_stay(inferencer, tmp_path, dtype, suffix, channels):
    if suffix == '.webp' and channels == 1:
        pytest.skip('WebP has no grey images')
    image = smooth(21, 33, channels).astype(dtype) * (257 if dtype == np.uint16 else 1)
    cv2.imwrite(str(tmp_path / f'in{suffix}'), image)
    stored = cv2.imread(str(tmp_path / f'in{suffix}'), cv2.IMREAD_UNCHANGED)
    found = inferencer(tmp_path / f'in{suffix}', out_dir=tmp_path / 'out')['predictions'][0]
    result = cv2.imread(str(tmp_path / 'out' / 'in_x4.png'), cv2.IMREAD_UNCHANGED)
    assert result.dtype == stored.dtype == dtype and result.shape == (84, 132, *stored.shape[2:])
    assert (found['width'], found['height'], found['channels'], found['bits']) == (132, 84, channels, 8 * dtype().itemsize)
    if channels == 4:
        expected = cv2.resize(stored[..., 3], (132, 84), interpolation=cv2.INTER_CUBIC)
        np.testing.assert_array_equal(result[..., 3], expected)


def test_16_bits_are_finer_than_8(inferencer, tmp_path):
    image = smooth(16, 16, 3)
    for name, stored in (('eight', image), ('sixteen', image.astype(np.uint16) * 257)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), stored)
    inferencer([tmp_path / 'eight.png', tmp_path / 'sixteen.png'], out_dir=tmp_path)
    eight, sixteen = (cv2.imread(str(tmp_path / f'{name}_x4.png'), cv2.IMREAD_UNCHANGED) for name in ('eight', 'sixteen'))
    assert np.abs(sixteen / 257 - eight).max() <= 0.51
    assert len(np.unique(sixteen % 257)) > 50


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_stays(inferencer, tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(smooth(16, 24, 3)).save(tmp_path / 'in.jpg', exif=exif, quality=95)
    found, = inferencer(tmp_path / 'in.jpg', out_dir=tmp_path)['predictions']
    assert found['notes'] == ([] if orientation == 1 else [f'in.jpg: turned upright from orientation {orientation}'])
    before, after = (ImageOps.exif_transpose(Image.open(tmp_path / name)) for name in ('in.jpg', 'in_x4.png'))
    assert after.size == (4 * before.width, 4 * before.height)
    # what is seen is the same: the result made small again is the input
    small = np.asarray(after.resize(before.size, Image.Resampling.BOX)).astype(float)
    distances = [np.abs(small - np.asarray(turn)).mean() for turn in (before, ImageOps.mirror(before), ImageOps.flip(before))]
    assert distances[0] < min(distances[1:]) / 2


def test_grey_with_alpha_and_a_colour_profile(inferencer, tmp_path):
    Image.fromarray(smooth(16, 16, 2), 'LA').save(tmp_path / 'in.png', icc_profile=b'profile')
    inferencer(tmp_path / 'in.png', out_dir=tmp_path)
    result = Image.open(tmp_path / 'in_x4.png')
    pixels = np.asarray(result)
    assert result.info['icc_profile'] == b'profile'
    assert pixels.shape == (64, 64, 4) and (pixels[..., :1] == pixels[..., :3]).all() and pixels[..., 3].std() > 0


@pytest.mark.slow
def test_folder_overwrite_and_faults(inferencer, tmp_path, root, weights, run):
    folder = tmp_path / 'in'
    folder.mkdir()
    with pytest.raises(InputError, match='the folder contains no file that ends in .png'):
        inferencer(folder, out_dir=tmp_path)
    for name in ('b.png', 'a.png'):
        cv2.imwrite(str(folder / name), smooth(8, 9, 3))
    found = inferencer(folder, out_dir=tmp_path / 'out', return_vis=True)
    assert [item['file'][-8:] for item in found['predictions']] == ['a_x4.png', 'b_x4.png']
    assert found['visualization'][0].shape == (32, 36, 3)
    with pytest.raises(InputError, match='a_x4.png exists already.*--overwrite'):
        inferencer(folder / 'a.png', out_dir=tmp_path / 'out', tile=4)
    inferencer(folder / 'a.png', out_dir=tmp_path / 'out', overwrite=True)
    cv2.imwrite(str(folder / 'a.jpg'), smooth(8, 9, 3))
    with pytest.raises(InputError, match='have the same name'):
        inferencer(folder, out_dir=tmp_path / 'out', overwrite=True)
    cv2.imwrite(str(tmp_path / 'float.tif'), np.ones((8, 8), np.float32))
    with pytest.raises(InputError, match='the pixels are float32'):
        inferencer(tmp_path / 'float.tif')
    (tmp_path / 'text.png').write_text('hello')
    command = ('-m', 'mmsight.cli', 'upscale', tmp_path / 'text.png', '-m', TOY, '--out-dir', tmp_path)
    done = run(*command, '--weights', weights, check=False)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'text.png: the file is damaged, or not an image' in done.stderr
    done = run(*command, '--weights', weights, cwd=root, check=False, RANK='1', WORLD_SIZE='2')
    assert done.returncode == 0  # the one file is another process's


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_a_full_disk_leaves_no_half_of_a_file(inferencer, tmp_path, full_disk, monkeypatch, suffix):
    if suffix == '.tif':
        monkeypatch.setenv('MMSIGHT_MAX_MEMORY', '0.0003')
        monkeypatch.setattr('mmsight.projects.super_resolution.inferencer.MIDDLE', 50)
    cv2.imwrite(str(tmp_path / 'in.png'), smooth(70, 120, 3))
    path = tmp_path / 'out' / f'in_x4{suffix}'
    inferencer(tmp_path / 'in.png', tile=24, out_dir=path.parent)
    size = path.stat().st_size
    path.unlink()
    with full_disk(size - 1), pytest.raises(InputError, match='the file cannot be written'):
        inferencer(tmp_path / 'in.png', tile=24, out_dir=path.parent)
    assert not [file for file in path.parent.iterdir() if file.is_file()]


@pytest.mark.parametrize('kind, channels, dtype, orientation', [
    ('.tif', 1, np.uint16, 1), ('.tif', 2, np.uint16, 1), ('.tif', 3, np.uint8, 6), ('.tif', 4, np.uint8, 1),
    ('.png', 3, np.uint16, 1), ('.png', 4, np.uint8, 1), ('.jpg', 3, np.uint8, 8), ('.jpg', 1, np.uint8, 1),
    ('.jp2', 3, np.uint8, 1)])
def test_what_is_too_large_for_memory_is_enlarged_in_windows(inferencer, tmp_path, monkeypatch, kind, channels, dtype,
                                                             orientation):
    path, values = tmp_path / f'in{kind}', smooth(channels, 70, 120).astype(dtype) * (257 if dtype == np.uint16 else 1)
    write_image(path, values, orientation)
    whole = inferencer(path, out_dir=tmp_path / 'whole')['predictions'][0]
    monkeypatch.setenv('MMSIGHT_MAX_MEMORY', '0.0003')
    monkeypatch.setattr('mmsight.projects.super_resolution.inferencer.MIDDLE', 50)
    found = inferencer(path, tile=24, out_dir=tmp_path / 'out')['predictions'][0]
    assert found['file'] == str(tmp_path / 'out' / 'in_x4.tif') and 'in windows' in found['notes'][0]
    for name in ('width', 'height', 'channels', 'bits'):
        assert found[name] == whole[name], name
    with rasterio.open(found['file']) as file:
        made = file.read()
        assert file.profile['tiled'] and file.profile['compress'] == 'deflate'
        assert file.colorinterp[-1] == (ColorInterp.alpha if channels in (2, 4) else file.colorinterp[-1])
    picture, = inferencer(path, tile=24, out_dir=tmp_path / 'out', return_vis=True, overwrite=True)['visualization']
    assert picture.shape == (50, 50, 3)
    monkeypatch.delenv('MMSIGHT_MAX_MEMORY')
    expected = read_picture(whole['file'], convert=False)
    layers = expected.values[..., None] if expected.values.ndim == 2 else expected.values
    if expected.alpha is not None:
        layers = np.dstack([layers, expected.alpha])
    if channels == 2:  # as OpenCV writes it, grey stands there three times
        layers = layers[..., 2:]
    np.testing.assert_allclose(made.transpose(1, 2, 0).astype(int), layers.astype(int), atol=1 if dtype == np.uint8 else 2)


def write_image(path, values, orientation):
    """An image (bands, h, w), stored as it is, that says it is to be turned."""
    if path.suffix == '.jpg':
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0)).save(path, exif=exif, quality=95)
        return
    if path.suffix == '.tif':
        tifffile.imwrite(path, values.transpose(1, 2, 0), photometric='rgb' if len(values) > 2 else 'minisblack',
                         extrasamples=['unassalpha'] if len(values) in (2, 4) else None,
                         extratags=[(274, 3, 1, orientation, True)])
        return
    with rasterio.open(path, 'w', driver={'.png': 'PNG', '.jp2': 'JP2OpenJPEG'}[path.suffix], count=len(values),
                       height=values.shape[1], width=values.shape[2], dtype=values.dtype, QUALITY=100) as file:
        file.write(values)
