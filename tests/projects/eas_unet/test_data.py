"""Converter, cache, splits, datasets, loaders and the toy abdomens."""

import json

import cv2
import nibabel as nib
import numpy as np
import pytest
from mmsight.projects.eas_unet import (
    CTSliceDataset,
    CTVolumeDataset,
    LiverSliceFolder,
    LoadCTSlice,
    LoadCTVolume,
    LoadGreySlice,
    LoadLiverMask,
    RandomFlipVolume,
)
from mmsight.projects.eas_unet.cache import open_case, pack, unpack_hu, unpack_label
from mmsight.projects.eas_unet.cases import find_lits
from mmsight.projects.eas_unet.convert import convert
from mmsight.projects.eas_unet.loading import apply_window, display_slice
from mmsight.projects.eas_unet.splits import split_cases, write_splits
from mmsight.projects.eas_unet.toy import AXES, SPLITS, make_abdomen, write_pair

from mmsight.errors import InputError

SCRIPT = 'tools/dataset_converters/slice_liver_ct.py'


@pytest.fixture
def cache(ct, write_nifti, tmp_path):
    """Five LiTS cases in five orientations, converted; HU 1 higher from case to case."""
    for number in range(5):
        write_nifti(tmp_path / 'lits' / f'volume-{number}.nii.gz', ct[0] + number, AXES[number])
        write_nifti(tmp_path / 'lits' / f'segmentation-{number}.nii.gz', ct[1], AXES[number])
    cases = find_lits(tmp_path / 'lits')
    assert not convert(cases, tmp_path / 'cache', report=lambda line: None)
    write_splits(tmp_path / 'cache' / 'splits.json', split_cases(case.name for case in cases), seed=0)
    return tmp_path / 'cache'


def dataset(kind, cache, split='train', **options):
    return kind(data_root=str(cache), split=split, pipeline=[], **options)


def test_packing_keeps_hu_and_labels():
    hu = np.array([-3000, -1024, -1, 0, 3071, 5000], np.int16)
    label = np.array([0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(unpack_hu(pack(hu, label)), [-1024, -1024, -1, 0, 3071, 3071])
    np.testing.assert_array_equal(unpack_label(pack(hu, label)), label)
    np.testing.assert_array_equal(unpack_hu(pack(np.array([10.4, 10.6]))), [10, 11])


def test_window_is_the_papers():
    np.testing.assert_allclose(apply_window(np.array([-1000, -200, 25, 250, 400])), [0, 0, 0.5, 1, 1])


def test_converted_slices_are_the_volumes(cache, ct):
    index = json.loads((cache / 'index.json').read_text())
    assert index['volume-3']['shape'] == [7, 20, 24] and index['volume-3']['orientation'] == 'LPS'
    assert index['volume-3']['spacing'] == pytest.approx([4.0, 0.8, 0.9])
    splits = json.loads((cache / 'splits.json').read_text())
    assert {name: len(splits[name]) for name in ('train', 'val')} == dict(train=4, val=1) and splits['seed'] == 0
    slices = dataset(CTSliceDataset, cache)
    assert len(slices) == 28
    for i in (0, 10, 27):
        entry = slices.get_data_info(i)
        number, z = int(entry['case'].removeprefix('volume-')), entry['slice_index']
        loaded = LoadLiverMask()(LoadCTSlice(neighbours=1)(entry))
        np.testing.assert_array_equal(loaded['gt_seg_map'], ct[1][z] > 0)
        around = np.clip([z - 1, z, z + 1], 0, 6)
        np.testing.assert_allclose(loaded['img'], apply_window(ct[0][around] + number).transpose(1, 2, 0))
    other = dataset(CTSliceDataset, cache, metainfo=dict(hu_window=(0, 100)))
    assert other.metainfo['hu_window'] == (0, 100)  # which checkpoints keep
    loaded, number = LoadCTSlice()(other.get_data_info(0)), int(other[0]['case'].removeprefix('volume-'))
    np.testing.assert_allclose(loaded['img'][..., 0], (ct[0][0] + number).clip(0, 100) / 100)


def test_the_script_converts_what_is_new(cache, ct, write_nifti, run):
    before = (cache / 'volume-0.npy').stat().st_mtime_ns
    write_nifti(cache.parent / 'lits' / 'volume-1.nii.gz', ct[0] + 9)
    write_nifti(cache.parent / 'lits' / 'segmentation-1.nii.gz', ct[1])
    text = run(SCRIPT, 'lits', cache.parent / 'lits', cache, '--seed', '3').stdout
    assert text.count('is there already') == 4 and '[2/5] volume-1: 7 slices of 24 x 20, 0.9 x 0.8 x 4 mm' in text
    assert (cache / 'volume-0.npy').stat().st_mtime_ns == before
    np.testing.assert_array_equal(unpack_hu(np.load(cache / 'volume-1.npy')), ct[0] + 9)
    splits = json.loads((cache / 'splits.json').read_text())
    assert splits.pop('seed') == 3 and splits == split_cases([f'volume-{number}' for number in range(5)], 3)


def test_area_filter_keeps_what_the_paper_keeps(cache):
    """72 to 73 of 480 pixels on slices 2 to 5."""
    assert {entry['slice_index'] for entry in dataset(CTSliceDataset, cache, min_liver=0.015)} == {2, 3, 4, 5}
    with pytest.raises(InputError, match="no slice of split 'train' has a share of liver of at least 0.5"):
        dataset(CTSliceDataset, cache, min_liver=0.5)


def test_a_case_with_a_fault_is_named_and_none_is_split(ct, write_nifti, tmp_path, run):
    for number in range(3):
        write_nifti(tmp_path / 'lits' / f'volume-{number}.nii.gz', ct[0], spacing=(1.0, 1.0, 1.0))
        label = ct[1][:6] if number == 1 else ct[1]
        write_nifti(tmp_path / 'lits' / f'segmentation-{number}.nii.gz', label, spacing=(1.0, 1.0, 1.0))
    done = run(SCRIPT, 'lits', tmp_path / 'lits', tmp_path / 'cache', check=False)
    assert done.returncode == 1 and 'segmentation-1.nii.gz: the mask has (6, 20, 24) voxels' in done.stdout
    assert '1 of 3 cases have a fault' in done.stdout and not (tmp_path / 'cache' / 'splits.json').exists()
    assert 'volume-0.nii.gz: the spacing is (1, 1, 1) mm' in done.stdout
    assert not list((tmp_path / 'cache').glob('.*'))


def test_faults_of_a_cache(cache, tmp_path):
    with pytest.raises(InputError, match="there is no split 'test', or it is empty; it has train, val"):
        dataset(CTSliceDataset, cache, 'test')
    with pytest.raises(InputError, match='index.json: there is no index of the cache'):
        dataset(CTSliceDataset, tmp_path)
    (tmp_path / 'index.json').write_text('{}')
    with pytest.raises(InputError, match='splits.json: the split file does not exist'):
        dataset(CTSliceDataset, tmp_path)
    slices = dataset(CTSliceDataset, cache)
    assert list(slices.iter_faults()) == [None] * 4
    first, second = (cache / f"{slices.get_data_info(i)['case']}.npy" for i in (0, 7))
    first.write_bytes(first.read_bytes()[:-10])
    second.unlink()
    third = cache / f"{slices.get_data_info(14)['case']}.npy"
    packed = np.load(third)
    np.save(third, packed ^ 1)
    open_case.cache_clear()
    faults = list(slices.iter_faults())
    assert 'make it again' in faults[0] and 'cannot be read: No such file' in faults[1] and faults[2:] == [None, None]
    assert [third.name in note and 'its SHA-256 differs' in note for note in slices.notes] == [True]
    with pytest.raises(InputError, match=f'{first.name}: .*make it again'):
        dataset(CTSliceDataset, cache)
    with pytest.raises(InputError, match='the file cannot be read: .*; make it again'):
        LoadCTSlice()(slices.get_data_info(7))


def test_split_is_by_case_and_the_papers_size():
    names = [f'volume-{number}' for number in range(131)]
    splits = split_cases(names, 0)
    assert (len(splits['train']), len(splits['val'])) == (105, 26) and sorted(splits['train'] + splits['val']) == sorted(names)
    assert splits == split_cases(reversed(names), 0) != split_cases(names, 1)


def test_patches_for_3d_networks(cache, ct):
    cases = [entry['case'] for entry in dataset(CTVolumeDataset, cache, patches=3)]
    assert len(cases) == 12 and len(set(cases)) == 4
    entry = dataset(CTVolumeDataset, cache).get_data_info(0)
    whole = LoadCTVolume()(dict(entry))
    np.testing.assert_array_equal(whole['gt_seg_map'], ct[1] > 0)
    np.random.seed(0)
    for _ in range(5):
        patch = RandomFlipVolume(prob=0)(LoadCTVolume(patch=(4, 8, 30))(dict(entry)))
        assert patch['img'].shape == (1, 4, 8, 30) and patch['gt_seg_map'].shape == (4, 8, 30)
        assert (patch['gt_seg_map'][..., 24:] == 255).all() and not patch['img'][..., 24:].any()
        assert any(np.array_equal(patch['img'][0, ..., :24], whole['img'][0, z:z + 4, y:y + 8])
                   for z in range(4) for y in range(13))
    flipped = RandomFlipVolume(prob=1)(dict(whole))
    np.testing.assert_array_equal(flipped['gt_seg_map'], whole['gt_seg_map'][:, ::-1, ::-1])
    np.testing.assert_array_equal(flipped['img'], whole['img'][:, :, ::-1, ::-1])


@pytest.fixture
def folder(tmp_path):
    """Three volumes of two slices, one of them flipped and mirrored."""
    for part in ('images', 'masks'):
        (tmp_path / part).mkdir()
    for name in ('flipped_10000_5', 'mirrored_10000_5', 'flipped_10001_7', 'flipped_10001_30', 'mirrored_10002_1',
                 'flipped_10002_2'):
        cv2.imwrite(str(tmp_path / 'images' / f'{name}.jpg'), np.full((8, 10), 51, np.uint8))
        mask = np.zeros((8, 10), np.uint8)
        mask[:, :5] = 255
        cv2.imwrite(str(tmp_path / 'masks' / f'{name}.jpg'), mask)
    return tmp_path


def test_slice_folder_is_split_by_volume(folder):
    train, val = (LiverSliceFolder(data_root=str(folder), split=split, pipeline=[]) for split in ('train', 'val'))
    cases = [{entry['case'] for entry in part} for part in (train, val)]
    assert len(cases[0]) == 2 and len(cases[1]) == 1 and not cases[0] & cases[1] and len(train) + len(val) == 6
    entry = LoadLiverMask()(LoadGreySlice()(train.get_data_info(0)))
    assert entry['img'].shape == (8, 10, 1) and entry['img'][0, 0, 0] == pytest.approx(0.2)
    np.testing.assert_array_equal(entry['gt_seg_map'][0], [1] * 5 + [0] * 5)
    assert list(train.iter_faults()) == [None] * 6


def test_some_training_volumes_are_held_out(folder):
    def cases(split, holdout):
        found = LiverSliceFolder(data_root=str(folder), split=split, holdout=holdout, pipeline=[])
        return [entry['case'] for entry in found]

    first, second = sorted(set(cases('train', ())))
    assert set(cases('train', [first])) == {second} and set(cases('holdout', [first])) == {first}
    assert cases('val', [first]) == cases('val', ())
    with pytest.raises(InputError, match=f"holdout names volume '{cases('val', ())[0]}', which is not in split"):
        cases('train', [cases('val', ())[0]])


def test_slices_are_turned_upright(folder):
    """The files lie on their side, with the spine on the left (flipped) or on the right (mirrored)."""
    upright = np.full((20, 16), 60, np.uint8)
    upright[14:18, 6:10] = 255  # spine below
    upright[5:12, 2:7] = 130  # liver on the left
    for name, turns in (('flipped_10000_5', 3), ('mirrored_10000_5', 1)):
        for part, image in (('images', upright), ('masks', np.uint8(255 * (upright == 130)))):
            cv2.imwrite(str(folder / part / f'{name}.jpg'), np.rot90(image, turns))
    data = [LiverSliceFolder(data_root=str(folder), split=split, upright=True, pipeline=[]) for split in ('train', 'val')]
    entries = [LoadLiverMask()(LoadGreySlice()(entry)) for part in data for entry in part if entry['case'] == '10000']
    assert len(entries) == 2
    for entry in entries:
        assert entry['img_shape'] == (20, 16)
        np.testing.assert_allclose(entry['img'][..., 0], upright / 255, atol=0.15)  # JPG rings
        assert np.mean(entry['gt_seg_map'] == (upright == 130)) > 0.97
        shown = display_slice(entry['img_path'], 0, entry['quarter_turns'])
        np.testing.assert_allclose(shown / 255, entry['img'][..., 0], atol=1e-6)
    for part in ('images', 'masks'):
        (folder / part / 'flipped_10000_5.jpg').rename(folder / part / 'other_10000_5.jpg')
    with pytest.raises(InputError, match='other_10000_5.jpg: the name must begin with flipped_ or mirrored_'):
        [LiverSliceFolder(data_root=str(folder), split=split, upright=True, pipeline=[]) for split in ('train', 'val')]


def test_faults_of_a_slice_folder(folder):
    def make():
        return LiverSliceFolder(data_root=str(folder), split='train', pipeline=[])

    cv2.imwrite(str(folder / 'masks' / 'flipped_10001_7.jpg'), np.zeros((9, 10), np.uint8))
    fault, = filter(None, make().iter_faults())
    assert 'flipped_10001_7.jpg: the mask is (9, 10) (h, w), its image (8, 10)' in fault
    (folder / 'masks' / 'flipped_10001_7.jpg').unlink()
    with pytest.raises(InputError, match="the mask of 'flipped_10001_7' is missing"):
        make()
    (folder / 'images' / 'flipped_10001_7.jpg').rename(folder / 'images' / 'slice7.jpg')
    cv2.imwrite(str(folder / 'masks' / 'slice7.jpg'), np.zeros((8, 10), np.uint8))
    with pytest.raises(InputError, match="must end in _<volume>_<slice>, found 'slice7'"):
        make()


def test_real_slices_are_split_by_volume(real_data):
    root = real_data / 'liver_slices'
    if not root.is_dir():
        pytest.skip(f'no liver slices in {root}')
    train, val = (LiverSliceFolder(data_root=str(root), split=split, pipeline=[]) for split in ('train', 'val'))
    cases = [{entry['case'] for entry in part} for part in (train, val)]
    assert len(train) + len(val) == 516 and (len(cases[0]), len(cases[1])) == (78, 20) and not cases[0] & cases[1]


def test_the_liver_of_real_slices_is_on_the_left(real_data):
    """Of all 516: what is turned upright has the patient's right side on the left of the image."""
    root = real_data / 'liver_slices'
    if not root.is_dir():
        pytest.skip(f'no liver slices in {root}')
    for split in ('train', 'val'):
        for entry in LiverSliceFolder(data_root=str(root), split=split, upright=True, pipeline=[]):
            entry = LoadLiverMask()(LoadGreySlice()(entry))
            liver, body = np.nonzero(entry['gt_seg_map'])[1].mean(), np.nonzero(entry['img'][..., 0] > 0.1)[1].mean()
            assert liver < body, entry['img_path']


def test_toy_abdomen(tmp_path):
    hu, label, spacing = make_abdomen(np.random.default_rng(1))
    again = make_abdomen(np.random.default_rng(1))
    np.testing.assert_array_equal(hu, again[0])
    assert hu.dtype == np.int16 and set(np.unique(label)) <= {0, 1, 2} and spacing[0] > spacing[1]
    volume = (label > 0).sum() * np.prod(spacing) / 1000
    assert 500 < volume < 3000  # mL, of a person
    assert (label[0] > 0).mean() < 0.1 and abs(hu[label == 1].mean() - hu[label == 0].max()) > 50
    for axes in AXES:
        write_pair(tmp_path, 0, axes, hu, label, spacing, origin=np.zeros(3))
        assert ''.join(nib.aff2axcodes(nib.load(tmp_path / 'volume-0.nii.gz').affine)) == axes
    assert sum(SPLITS.values()) == 24
