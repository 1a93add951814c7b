"""Readers, splits and pair transforms, with everything that can be wrong with a pair."""

import re

import cv2
import numpy as np
import pytest
import torch
from mmsight.projects.s2net import (
    CropPair,
    EnlargePair,
    FixedInfraredWarp,
    PackPair,
    PackTestPair,
    PairDataset,
    RandomFlipRotate,
    RandomGrey,
    RandomInfraredWarp,
    RGBNIRDataset,
)
from mmsight.projects.s2net.geometry import sample_at
from mmsight.projects.s2net.ground_truth import GroundTruth
from mmsight.projects.s2net.loading import LoadPair, load_pair, read_rgb
from mmsight.projects.s2net.splits import LISTS, draw_test_ids, read_ids, write_ids
from mmsight.projects.s2net.toy import make_toy_data

from mmsight.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Four pairs of 60x48 in RoadScene's layout."""
    rng = np.random.default_rng(0)
    for name in ('crop_LR_visible', 'cropinfrared'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'Thumbs.db').write_text('stray')
    for index in range(4):
        cv2.imwrite(str(tmp_path / f'crop_LR_visible/p{index}.jpg'), rng.integers(0, 256, (48, 60, 3), dtype=np.uint8))
        cv2.imwrite(str(tmp_path / f'cropinfrared/p{index}.png'), rng.integers(0, 256, (48, 60), dtype=np.uint8))
    (tmp_path / 'test.txt').write_text('p1\n')
    return tmp_path


def test_splits_are_complements(folder):
    names = {split: [pair['id'] for pair in PairDataset(str(folder), test_ids='test.txt', split=split)]
             for split in ('train', 'test', 'all')}
    assert names == dict(train=['p0', 'p2', 'p3'], test=['p1'], all=['p0', 'p1', 'p2', 'p3'])


def test_loaded_pair(folder):
    pair = load_pair(PairDataset(str(folder))[0])
    assert pair['visible'].shape == pair['infrared'].shape == (48, 60, 3) and pair['infrared'].dtype == np.uint8
    assert np.array_equal(pair['truth'].homography, np.eye(3)) and pair['truth'].dense(48, 60)[7, 9].tolist() == [9, 7]
    blue = cv2.imread(str(folder / 'crop_LR_visible/p0.jpg'))[..., 0]
    assert np.array_equal(pair['visible'][..., 2], blue)


def test_kept_pairs_are_read_once(folder):
    sample, load = PairDataset(str(folder))[0], LoadPair(keep=True)
    first = load(sample)
    (folder / 'cropinfrared/p0.png').unlink()
    again = RandomFlipRotate()(load(sample))
    assert first['infrared'] is load(sample)['infrared'] and set(again) == set(first)


@pytest.mark.parametrize('side, other', [('crop_LR_visible/p2.jpg', 'visible'), ('cropinfrared/p2.png', 'infrared')])
def test_one_side_missing(folder, side, other):
    (folder / side).unlink()
    with pytest.raises(InputError, match=rf'p2.*the {other} image of this pair is missing \(1 of 4'):
        len(PairDataset(str(folder)))
    faults = [fault for fault in PairDataset(str(folder), lazy_init=True).iter_faults() if fault]
    assert len(faults) == 1 and 'p2' in faults[0]


def test_missing_folder_list_and_listed_pair(folder):
    with pytest.raises(InputError, match='absent: the folder does not exist'):
        PairDataset(str(folder), data_prefix=dict(visible='absent', infrared='cropinfrared'))
    with pytest.raises(InputError, match=r"'no.txt' is neither.*roadscene_test.txt"):
        PairDataset(str(folder), test_ids='no.txt', split='test')
    (folder / 'test.txt').write_text('p1\np9\n')
    with pytest.raises(InputError, match="the pair 'p9' of test.txt does not exist"):
        PairDataset(str(folder), test_ids='test.txt', split='test')
    (folder / 'test.txt').write_text('')
    with pytest.raises(InputError, match='the split is empty'):
        PairDataset(str(folder), test_ids='test.txt', split='test')
    with pytest.raises(ValueError, match='split must be'):
        PairDataset(str(folder), split='test')


def test_sizes_differ(folder):
    cv2.imwrite(str(folder / 'cropinfrared/p0.png'), np.zeros((48, 61), np.uint8))
    with pytest.raises(InputError, match='p0.jpg.*60x48 here, 61x48 in'):
        load_pair(PairDataset(str(folder))[0])
    assert sum(fault is not None for fault in PairDataset(str(folder), lazy_init=True).iter_faults()) == 1


@pytest.mark.parametrize('matrix, fault', [
    (np.zeros((2, 3)), 'singular'), (np.array([[1, 2, 0], [2, 4, 0.]]), 'singular'), (np.diag([1, 1, 0.]), 'singular'),
    (np.full((3, 3), np.nan), 'not finite'), (np.eye(4), r'shape \(4, 4\)'), (np.zeros((9, 9, 2)), r'\(48, 60, 2\) is needed')])
def test_matrices_that_are_none(folder, matrix, fault):
    np.save(folder / 'cropinfrared/p0.npy', matrix)
    with pytest.raises(InputError, match=f'p0.npy: the ground.truth.*{fault}'):
        load_pair(PairDataset(str(folder))[0])


def test_unreadable_files(folder):
    (folder / 'cropinfrared/p0.npy').write_text('text')
    with pytest.raises(InputError, match='damaged, or not a NumPy array'):
        load_pair(PairDataset(str(folder))[0])
    content = (folder / 'crop_LR_visible/p1.jpg').read_bytes()
    (folder / 'crop_LR_visible/p1.jpg').write_bytes(content[:-40])
    with pytest.raises(InputError, match='p1.jpg.*damaged or cut'):
        load_pair(PairDataset(str(folder))[1])


def test_matrix_and_flow_as_ground_truth(folder):
    affine = np.array([[1, 0, 5], [0, 1, -2.]])
    np.save(folder / 'cropinfrared/p0.npy', affine)
    pair = load_pair(PairDataset(str(folder))[0])
    assert pair['truth'].homography.tolist() == [[1, 0, 5], [0, 1, -2], [0, 0, 1]]
    flow = pair['truth'].dense(48, 60)
    assert flow[10, 20].tolist() == [25, 8]
    flow[0, 0] = np.nan
    np.save(folder / 'cropinfrared/p1.npy', flow)
    pair = load_pair(PairDataset(str(folder))[1])
    assert pair['truth'].homography is None and np.allclose(pair['truth'].dense(48, 60), flow, atol=1e-4, equal_nan=True)
    assert torch.isnan(PackTestPair()(pair)['flow'][0, 0]).all()


@pytest.mark.parametrize('suffix', ['tiff', 'jpg'])
def test_rgb_nir_scenes(tmp_path, suffix):
    rng = np.random.default_rng(0)
    for scene in ('country', 'water'):
        (tmp_path / scene).mkdir()
        for index in range(3):
            cv2.imwrite(str(tmp_path / scene / f'{index:04d}_rgb.{suffix}'), rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
            cv2.imwrite(str(tmp_path / scene / f'{index:04d}_nir.{suffix}'), rng.integers(0, 256, (30, 40), dtype=np.uint8))
    np.save(tmp_path / 'water/0001_nir.npy', np.array([[1, 0, 3], [0, 1, 0.]]))
    pairs = RGBNIRDataset(str(tmp_path))
    assert [pair['id'] for pair in pairs][:2] == ['country/0000', 'country/0001'] and len(pairs) == 6
    assert load_pair(pairs[4])['truth'].homography[0, 2] == 3
    assert len(RGBNIRDataset(str(tmp_path), scenes=['water'])) == 3
    (tmp_path / f'water/0002_nir.{suffix}').unlink()
    with pytest.raises(InputError, match='0002_rgb.*infrared image of this pair is missing'):
        RGBNIRDataset(str(tmp_path))


def test_sixteen_bits_and_alpha(tmp_path):
    ramp = np.linspace(0, 4000, 200).reshape(10, 20)
    for kind in (np.uint16, np.float32):  # as they are matched
        cv2.imwrite(str(tmp_path / 'deep.tiff'), ramp.astype(kind))
        assert np.abs(read_rgb(str(tmp_path / 'deep.tiff'))[..., 1] - (ramp - 20) / 3960 * 255).max() < 2
    cv2.imwrite(str(tmp_path / 'alpha.png'), np.full((8, 9, 4), 7, np.uint8))
    assert read_rgb(str(tmp_path / 'alpha.png')).shape == (8, 9, 3)


def test_drawn_lists(tmp_path):
    ids = [f'{scene}/{i:04d}' for scene in ('a', 'b') for i in range(30)]
    drawn = draw_test_ids(ids, 19)
    assert len(drawn) == 38 and drawn == draw_test_ids(reversed(ids), 19) != draw_test_ids(ids, 19, seed=1)
    fewer = [name for name in ids if name != drawn[0]]
    assert len(set(drawn[1:]) - set(draw_test_ids(fewer, 19))) == 0
    with pytest.raises(InputError, match='fewer than the 40'):
        draw_test_ids(ids, 40)
    write_ids(drawn, tmp_path / 'list.txt')
    assert read_ids('list.txt', tmp_path) == drawn


@pytest.mark.parametrize('name, count', [('roadscene_test', 43), ('rgbnir_test', 57)])
def test_the_projects_lists(name, count, tmp_path):
    ids = read_ids(f'{name}.txt', tmp_path)
    assert len(set(ids)) == count
    assert write_ids(ids, tmp_path / f'{name}.txt') == (LISTS / f'{name}.txt.sha256').read_text().split()[0]


def picture_of_places(height=70, width=90):
    """A registered pair whose colour is the pixel's place in the visible image."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([x * 255 / width, y * 255 / height, np.full_like(x, 60)], axis=-1).round().astype(np.uint8)
    return dict(id='p', path='p.jpg', visible=image, infrared=image.copy(), truth=GroundTruth.measured(np.eye(3)))


def as_flow(pair):
    """The same pair, registered by a dense flow."""
    return dict(pair, truth=GroundTruth.measured(pair['truth'].dense(*pair['visible'].shape[:2])))


@pytest.mark.parametrize('dense', [False, True])
@pytest.mark.parametrize('transforms', [
    [RandomFlipRotate()], [RandomInfraredWarp()], [CropPair(40)], [EnlargePair(140)], [FixedInfraredWarp()],
    [EnlargePair(100), RandomFlipRotate(), RandomInfraredWarp(), CropPair(64)]
], ids=lambda chain: '+'.join(type(t).__name__ for t in chain))
@pytest.mark.parametrize('seed', range(6))
def test_the_truth_follows_every_transform(transforms, seed, dense):
    torch.manual_seed(seed)
    pair = as_flow(picture_of_places()) if dense else picture_of_places()
    for transform in transforms:
        pair = transform(pair)
    packed = PackPair()(pair)
    (first, second), flow = packed['images'][:, None].float(), packed['flow']
    height, width = second.shape[2:]
    x, y = flow.unbind(-1)
    # away from the border, where colours are extrapolated
    known = (x > 2) & (y > 2) & (x < width - 3) & (y < height - 3)
    known[:2], known[-2:], known[:, :2], known[:, -2:] = False, False, False, False
    assert known.float().mean() > 0.3
    seen = sample_at(second, flow[None])[0].permute(1, 2, 0)
    assert (seen - first[0].permute(1, 2, 0))[known].abs().max() < 4
    assert (pair['truth'].homography is None) == dense


def test_crops_are_centred_and_overlap():
    torch.manual_seed(0)
    sizes = []
    for _ in range(20):
        pair = CropPair(32)(RandomInfraredWarp()(picture_of_places()))
        assert pair['visible'].shape == pair['infrared'].shape == (32, 32, 3)
        sizes.append(PackPair()(pair)['flow'].isfinite().all(dim=-1).float().mean())
    assert min(sizes) >= 0.4


def test_pair_smaller_than_the_crop_or_without_correspondence():
    pair = picture_of_places()
    with pytest.raises(InputError, match=re.escape('p.jpg: the pair has 90x70 pixels, smaller than the crop of 96')):
        CropPair(96)(pair)
    assert min(EnlargePair(96)(pair)['visible'].shape[:2]) == 96
    with pytest.raises(InputError, match='no pixel of the visible image lies inside'):
        CropPair(32)(dict(pair, truth=GroundTruth.measured(np.full((70, 90, 2), np.nan))))


def test_fixed_warp_never_changes_and_masks_the_rim():
    before = torch.random.get_rng_state()
    one, two = (FixedInfraredWarp()(picture_of_places()) for _ in range(2))
    assert np.array_equal(one['infrared'], two['infrared']) and torch.equal(before, torch.random.get_rng_state())
    other = FixedInfraredWarp()(dict(picture_of_places(), id='q'))
    assert not np.allclose(one['truth'].homography, other['truth'].homography)
    for pair in (one, other):
        packed = PackTestPair(margin=3)(pair)
        assert packed['mask'][0].all() and packed['images'].shape == (2, 3, 70, 90)
        assert (packed['images'][1][:, packed['mask'][1]].amax(dim=0) > 8).all()
    assert PackTestPair()(picture_of_places())['mask'].all()


def test_grey_augmentation_keeps_the_format():
    torch.manual_seed(0)
    changed = RandomGrey()(picture_of_places())
    assert changed['visible'].dtype == np.uint8 and changed['visible'].shape == (70, 90, 3)
    packed = PackPair()(changed)
    assert set(packed) == {'images', 'flow'}
    assert packed['images'].shape == (2, 3, 70, 90) and packed['flow'].dtype == torch.float32


@pytest.mark.slow
def test_toy_data_are_deterministic_and_readable(toy_data, tmp_path):
    first = toy_data('s2net') / 'toy' / 's2net'
    make_toy_data(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob('*.jpg'))
    assert len(files) == 120
    assert all((first / file).read_bytes() == (tmp_path / file).read_bytes() for file in files)
    assert len(PairDataset(str(tmp_path), test_ids='test.txt', split='train')) == 48
    pair = load_pair(PairDataset(str(tmp_path))[0])
    assert pair['visible'].shape == (160, 192, 3)


def test_real_data(real_data):
    assert len(PairDataset(str(real_data / 'roadscene'), test_ids='roadscene_test.txt', split='test')) == 43
    pairs = RGBNIRDataset(str(real_data / 'rgbnir'), test_ids='rgbnir_test.txt', split='test')
    assert len(pairs) == 57
    warped = PackTestPair()(load_pair(next(pair for pair in pairs if pair['matrix'])))
    assert 0.5 < warped['mask'][1].float().mean() < 1
