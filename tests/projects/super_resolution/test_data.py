"""Readers and transforms on what is right, on every kind of fault, and on the real sets where they are at hand."""

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope
from mmsight.projects.super_resolution import (
    CropToMultiple,
    LoadImagePair,
    MakeLR,
    RandomPatch,
    ResizeHR,
    SuperResolutionDataset,
)
from mmsight.projects.super_resolution.loading import load_rgb
from mmsight.projects.super_resolution.resize import bicubic_matrix, cubic, resize_bicubic
from mmsight.projects.super_resolution.toy import make_image, make_toy_data
from PIL import Image

from mmsight.errors import InputError


def image(height=24, width=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array, mode).save(path)
    return str(path)


# resizing

def plain_bicubic(row, new):
    """One axis by the definition, a loop over outputs and taps."""
    old, found = len(row), []
    scale = new / old
    stretch = max(1 / scale, 1)
    for i in range(new):
        centre = (i + 0.5) / scale - 0.5
        total = weight = 0.0
        for j in range(int(centre - 2 * stretch) - 2, int(centre + 2 * stretch) + 3):
            w = float(cubic(np.array((centre - j) / stretch)))
            total += w * row[min(max(j, 0), old - 1)]
            weight += w
        found.append(total / weight)
    return np.array(found)


@pytest.mark.parametrize('old, new', [(24, 6), (25, 9), (7, 28), (11, 4), (5, 5)])
def test_bicubic_matrix_against_a_plain_loop(old, new):
    row = np.random.default_rng(0).random(old)
    matrix = bicubic_matrix(old, new)
    assert np.allclose(matrix @ row, plain_bicubic(row, new))
    assert np.allclose(matrix.sum(axis=1), 1)


def test_bicubic_inside_is_torch_antialiased():
    """Torch's antialiased bicubic has the same kernel and cuts it at the border."""
    import torch
    x = image(64, 80)
    ours = resize_bicubic(x, (16, 20)).astype(int)
    theirs = torch.nn.functional.interpolate(torch.from_numpy(x).permute(2, 0, 1)[None].double(), size=(16, 20), mode='bicubic',
                                             antialias=True)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - theirs)[2:-2, 2:-2].max() < 1.6  # two roundings


@pytest.mark.parametrize('folder, scale', [('Set5/x3', 3), ('Set5/x4', 4), ('Set14/x4', 4)])
def test_published_low_resolution_files_bit_for_bit(real_data, folder, scale):
    files = sorted((real_data / 'sr' / folder).glob('*_HR.png'))
    assert files
    for path in files:
        high, low = load_rgb(str(path)), load_rgb(str(path).replace('_HR', '_LR'))
        assert np.array_equal(resize_bicubic(high, low.shape[:2]), low), path


# reading

@pytest.mark.parametrize('array, mode, expected', [
    (image()[..., 0], 'L', lambda a: np.repeat(a[..., None], 3, axis=2)),
    (np.dstack([image(), np.full((24, 32), 255, np.uint8)]), 'RGBA', lambda a: a[..., :3]),
    (image()[..., 0].astype(np.uint16) * 257, None, lambda a: np.repeat((a // 257).astype(np.uint8)[..., None], 3, axis=2)),
    (image(), 'RGB', lambda a: a),
])
def test_grey_rgba_16_bit_and_colour(tmp_path, array, mode, expected):
    path = save(tmp_path / 'a.png', array, mode)
    assert np.array_equal(load_rgb(path), expected(array))


def test_16_bit_colour_and_palette(tmp_path):
    deep = image().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / 'deep.png'), deep[..., ::-1])
    assert np.array_equal(load_rgb(str(tmp_path / 'deep.png')), image())
    palette = Image.fromarray(image()).quantize(16)
    palette.save(tmp_path / 'palette.png')
    assert np.array_equal(load_rgb(str(tmp_path / 'palette.png')), np.array(palette.convert('RGB')))


def transparent(path):
    save(path, np.dstack([image(), np.full((24, 32), 200, np.uint8)]), 'RGBA')


def truncated(path):
    save(path, image())
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize('make, message', [
    (transparent, 'transparent pixels; flatten it'),
    (truncated, 'is damaged or cut'),
    (lambda path: path.write_bytes(b''), r'is empty \(0 bytes\)'),
    (lambda path: path.write_bytes(b'no image at all'), 'damaged, or not an image'),
    (lambda path: None, 'cannot be read: No such file'),
    (lambda path: cv2.imwrite(str(path.with_suffix('.tiff')), image()[..., 0].astype(np.float32)) and
     path.with_suffix('.tiff').rename(path), 'the pixels are float32'),
])
def test_files_that_cannot_be_used(tmp_path, make, message):
    make(tmp_path / 'a.png')
    with pytest.raises(InputError, match='a.png: .*' + message):
        load_rgb(str(tmp_path / 'a.png'))


def test_lmdb(tmp_path):
    import lmdb
    save(tmp_path / 'a.png', image())
    with lmdb.open(str(tmp_path / 'db'), map_size=2**20) as env, env.begin(write=True) as transaction:
        transaction.put(b'a', (tmp_path / 'a.png').read_bytes())
    found = load_rgb('anywhere/a.png', dict(backend='lmdb', db_path=str(tmp_path / 'db')))
    assert np.array_equal(found, image())


# transforms

def sample(array, scale=4):
    return dict(gt=array, gt_path='a.png', scale=scale, gt_channel_order='rgb', gt_color_type='color')


def test_not_a_multiple_of_the_scale():
    with pytest.raises(InputError, match='a.png: 33 x 24 .* not a multiple of the scale 4; put mmsight.CropToMultiple'):
        MakeLR()(sample(image(24, 33)))
    cropped = CropToMultiple()(sample(image(26, 33)))
    assert np.array_equal(cropped['gt'], image(26, 33)[:24, :32])
    assert MakeLR()(cropped)['img'].shape == (6, 8, 3)


def test_smaller_than_the_crop():
    pair = MakeLR()(sample(image(24, 32)))
    with pytest.raises(InputError, match='a.png: 32 x 24 .* smaller than the crop of 28'):
        RandomPatch(28)(pair)
    with pytest.raises(InputError, match='multiple of the scale 4, found 22'):
        RandomPatch(22)(pair)


def test_patches_correspond_and_are_copies():
    high = image(40, 48)
    pair = dict(sample(high), img=high[::4, ::4])
    for _ in range(20):
        patch = RandomPatch(16)(dict(pair))
        assert patch['gt'].shape == (16, 16, 3) and np.array_equal(patch['gt'][::4, ::4], patch['img'])
    whole = RandomPatch(40)(dict(pair, gt=high[:, :40], img=high[::4, :40:4]))
    whole['gt'][:] = 0
    assert np.array_equal(high, image(40, 48))


def test_bilinear_is_scikit_images():
    from skimage.transform import resize
    high = image(40, 48)
    low = MakeLR('bilinear', size=(9, 7))(sample(high))['img']
    assert np.array_equal(low, np.rint(resize(high, (7, 9), order=1, preserve_range=True)))
    with pytest.raises(ValueError, match="'bicubic' or 'bilinear'"):
        MakeLR('lanczos')


def test_the_reports_square():
    assert ResizeHR((32, 16))(sample(image(40, 60)))['gt'].shape == (16, 32, 3)
    wide = image(40, 60)
    cut = ResizeHR((20, 20), centre_crop=True)(sample(wide))['gt']
    assert np.array_equal(cut, resize_bicubic(wide[:, 10:50], (20, 20)))


# folders

def folder(root, names=('0001', '0002'), low='{}x4', size=(24, 32)):
    for seed, name in enumerate(names):
        high = image(*size, seed)
        save(root / 'HR' / f'{name}.png', high)
        save(root / 'LR' / (low.format(name) + '.png'), resize_bicubic(high, (size[0] // 4, size[1] // 4)))


def dataset(root, **options):
    init_default_scope('mmagic')
    options = dict(data_root=str(root), data_prefix=dict(gt='HR', img='LR'), filename_tmpl=dict(gt='{}', img='{}x4'),
                   pipeline=[dict(type='mmsight.LoadImagePair')], lazy_init=True, **options)
    return SuperResolutionDataset(**options)


def test_pairs_in_the_order_of_their_names(tmp_path):
    folder(tmp_path, ['0003', '0001', '0002'])
    found = dataset(tmp_path, set_name='A')
    found.full_init()
    assert [entry['gt_path'][-8:] for entry in found.load_data_list()] == ['0001.png', '0002.png', '0003.png']
    assert found[0]['img'].shape == (6, 8, 3) and found[0]['set_name'] == 'A'
    assert list(found.iter_faults()) == [None] * 3


def test_images_too_small_for_a_patch_are_left_out(tmp_path):
    folder(tmp_path, ['0001', '0002'])
    save(tmp_path / 'HR' / '0002.png', image(20, 40))
    found = dataset(tmp_path, filter_cfg=dict(min_size=24))
    found.full_init()
    assert len(found) == 1
    assert found.get_data_info(0)['gt_path'].endswith('0001.png')
    (tmp_path / 'HR' / '0001.png').write_bytes(b'no image')
    with pytest.raises(InputError, match='0001.png: the file is damaged, or not an image'):
        dataset(tmp_path, filter_cfg=dict(min_size=24)).full_init()


def test_pair_of_wrong_sizes(tmp_path):
    folder(tmp_path)
    save(tmp_path / 'LR' / '0002x4.png', image(6, 7))
    faults = list(dataset(tmp_path).iter_faults())
    assert faults[0] is None and '0002.png is 32 x 24 and' in faults[1] and 'must be 4 times' in faults[1]


def test_missing_counterpart_folder_and_images(tmp_path):
    folder(tmp_path)
    (tmp_path / 'LR' / '0001x4.png').unlink()
    with pytest.raises(InputError, match='0001.png has no low-resolution counterpart .*0001x4.png'):
        dataset(tmp_path).load_data_list()
    with pytest.raises(InputError, match='none/HR: the image folder does not exist'):
        dataset(tmp_path / 'none').load_data_list()
    (tmp_path / 'empty' / 'HR').mkdir(parents=True)
    (tmp_path / 'empty' / 'LR').mkdir()
    with pytest.raises(InputError, match='empty/HR: the folder contains no image'):
        dataset(tmp_path / 'empty').load_data_list()


def test_toy_data_is_deterministic_and_in_div2ks_layout(tmp_path, monkeypatch):
    assert np.array_equal(make_image(np.random.default_rng(3)), make_image(np.random.default_rng(3)))
    monkeypatch.setattr('mmsight.projects.super_resolution.toy.SPLITS', {'train': range(1, 3), 'valid': range(801, 802)})
    make_toy_data(tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*.png'))
    assert names == ['DIV2K_train_HR/0001.png', 'DIV2K_train_HR/0002.png', 'DIV2K_train_LR_bicubic/X4/0001x4.png',
                     'DIV2K_train_LR_bicubic/X4/0002x4.png', 'DIV2K_valid_HR/0801.png', 'DIV2K_valid_LR_bicubic/X4/0801x4.png']
    high, low = load_rgb(str(tmp_path / names[0])), load_rgb(str(tmp_path / names[2]))
    assert np.array_equal(resize_bicubic(high, (36, 36)), low)


def test_div2k_pipelines_of_text_and_code(tmp_path, monkeypatch):
    """Both presets read DIV2K's folder as published, without its low-resolution half."""
    from mmsight.configs import load_config
    monkeypatch.setenv('MMSIGHT_DATA', str(tmp_path))
    high = image(300, 420)
    for split in ('train', 'valid'):
        save(tmp_path / 'DIV2K' / f'DIV2K_{split}_HR' / '0001.png', high)
    init_default_scope('mmagic')
    found = {}
    for preset in ('', '_code'):
        item = DATASETS.build(load_config(f'srcnn-mse_w128_div2k_x4{preset}').val_dataloader.dataset)[0]
        found[preset] = item['inputs'].numpy(), item['data_samples'].gt_img.numpy()
        assert found[preset][0].shape == (3, 64, 64) and found[preset][1].shape == (3, 256, 256)
    square = resize_bicubic(high, (256, 256))
    assert np.array_equal(found[''][1].transpose(1, 2, 0), square)
    assert np.array_equal(found[''][0].transpose(1, 2, 0), resize_bicubic(square, (64, 64)))
    from skimage.transform import resize
    assert np.array_equal(found['_code'][0].transpose(1, 2, 0), np.rint(resize(high, (64, 64), order=1, preserve_range=True)))


def test_load_image_pair_leaves_what_the_dataset_does_not_name(tmp_path):
    path = save(tmp_path / 'a.png', image())
    assert 'img' not in LoadImagePair()(dict(gt_path=path, scale=4))


def test_training_and_verify_dataset_make_the_same_checks(tmp_path):
    """An image that is left out for its size is no fault; each missing counterpart is, and a set of which all is left out."""
    for name, side in (('a', 20), ('b', 5), ('c', 20)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((side, side, 3), np.uint8))

    def dataset(**kwargs):
        return SuperResolutionDataset(data_root=str(tmp_path), pipeline=[], lazy_init=True, **kwargs)

    small = dataset(filter_cfg=dict(min_size=10))
    assert list(small.iter_faults()) == [None] * 3
    small.full_init()
    assert len(small) == 2
    small = dataset(filter_cfg=dict(min_size=30))
    assert list(small.iter_faults())[3:] == [f'{tmp_path}: every image is smaller than the min_size of filter_cfg']
    with pytest.raises(InputError, match='every image is smaller'):
        small.full_init()
    (tmp_path / 'low').mkdir()
    pairs = dataset(data_prefix=dict(gt='', img='low'))
    assert ['has no low-resolution counterpart' in fault for fault in pairs.iter_faults()] == [True] * 3
    with pytest.raises(InputError, match='has no low-resolution counterpart'):
        pairs.full_init()
