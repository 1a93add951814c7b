"""NIfTI and DICOM in, masks out: orientation, spacing, and every fault as one sentence."""

import gzip
import re

import nibabel as nib
import numpy as np
import pytest
from mmsight.projects.eas_unet.cases import find_chaos, find_lits, find_msd, read_case
from mmsight.projects.eas_unet.ct import parse_rescale, read_volume
from mmsight.projects.eas_unet.nifti import read_nifti, write_mask

from mmsight.errors import InputError

SPACING = (4.0, 0.8, 0.9)
AXES = ['LPS', 'RAS', 'LAS', 'RPI', 'ASL', 'SPR']


@pytest.mark.parametrize('axes', AXES)
def test_any_orientation_reads_alike(ct, write_nifti, tmp_path, axes):
    affine = write_nifti(tmp_path / 'volume-0.nii.gz', ct[0], axes)
    volume = read_volume(tmp_path / 'volume-0.nii.gz')
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    assert volume.spacing == pytest.approx((4.0, 0.8, 0.9)) and not volume.warnings
    np.testing.assert_allclose(volume.affine, affine)


@pytest.mark.parametrize('axes', AXES)
def test_mask_has_the_affine_and_voxels_of_its_volume(ct, write_nifti, tmp_path, axes):
    affine = write_nifti(tmp_path / 'a.nii.gz', ct[0], axes, slope=(0.5, -3.0))
    write_nifti(tmp_path / 'truth.nii.gz', ct[1], axes)
    write_mask(read_volume(tmp_path / 'a.nii.gz'), ct[1], tmp_path / 'mask.nii.gz')
    mask, truth = (nib.load(tmp_path / f'{name}.nii.gz') for name in ('mask', 'truth'))
    np.testing.assert_allclose(mask.affine, affine, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(truth.dataobj))
    assert mask.get_data_dtype() == np.uint8 and not list(tmp_path.glob('.*'))


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def set_values(path, change):
    image = nib.load(path)
    array = np.asarray(image.dataobj).astype(np.float32)
    nib.save(nib.Nifti1Image(change(array), image.affine), path)


def nan_at_a_voxel(array):
    array[1, 2, 3] = np.nan
    return array


@pytest.mark.parametrize('spoil, message', [
    (lambda path: path.unlink(), 'the file does not exist'),
    (cut, 'damaged, or not NIfTI'),
    (lambda path: path.write_bytes(b''), 'damaged, or not NIfTI'),
    (lambda path: path.write_bytes(gzip.compress(b'no image')), 'damaged, or not NIfTI'),
    (lambda path: set_values(path, nan_at_a_voxel), 'holds NaN or infinite values'),
    (lambda path: set_values(path, np.zeros_like), r'constant \(every voxel is 0\)'),
    (lambda path: set_values(path, lambda array: np.full_like(array, np.nan)), 'constant'),
    (lambda path: set_values(path, lambda array: np.stack([array] * 2, -1)), r'3 axes is expected, found 4 axes, .* 7, 2\)')])
def test_faults_of_a_volume(ct, write_nifti, tmp_path, spoil, message):
    path = tmp_path / 'volume-0.nii.gz'
    write_nifti(path, ct[0])
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert str(path) in str(caught.value)


def test_a_slope_without_end(ct, tmp_path):
    image = nib.Nifti1Image(ct[0].astype(np.int16), np.eye(4))
    image.header.set_slope_inter(1e38, 0)
    nib.save(image, tmp_path / 'a.nii')
    with pytest.raises(InputError, match='a.nii: its HU are not finite numbers'):
        read_volume(tmp_path / 'a.nii')


def test_singular_affine(ct, tmp_path):
    image = nib.Nifti1Image(ct[0], None)
    image.header['sform_code'], image.header['srow_x'][0], image.header['srow_y'][1] = 1, 1, 1
    nib.save(image, tmp_path / 'a.nii')
    with pytest.raises(InputError, match='a.nii: the affine is singular'):
        read_volume(tmp_path / 'a.nii')


def test_unit_spacing_is_warned_of(ct, write_nifti, tmp_path):
    write_nifti(tmp_path / 'volume-30.nii', ct[0], spacing=(1.0, 1.0, 1.0))
    assert 'LiTS volumes 28-47' in only_warning(tmp_path / 'volume-30.nii')


def only_warning(path, **options):
    warning, = read_volume(path, **options).warnings
    assert str(path) in warning
    return warning


@pytest.mark.parametrize('change, words, rescale', [
    (lambda hu: hu + 1024, 'no value is below 0: .* `--rescale 1:-1024`', (1, -1024)),
    (lambda hu: np.where(np.arange(24) > 0, hu + 1024, -2000), 'no value is below 0', (1, -1024)),  # with padding
    (lambda hu: (hu + 1000) / 1500, r'all values lie in 0..1: .* `--rescale SLOPE:INTERCEPT`', (1500, -1000)),
    (lambda hu: (hu + 1000) / 5, r'all values lie in 0..255', (5, -1000)),
    (lambda hu: hu + 300, 'the lowest value is -700', (1, -300))])
def test_values_that_are_no_hu_are_warned_of_and_mended(ct, write_nifti, tmp_path, change, words, rescale):
    write_nifti(tmp_path / 'ct.nii', ct[0])
    assert not read_volume(tmp_path / 'ct.nii').warnings
    path = tmp_path / 'odd.nii'
    write_nifti(path, change(ct[0].astype(np.float32)).astype(np.float32))
    assert re.search(words, only_warning(path))
    mended = read_volume(path, rescale)
    assert not mended.warnings
    np.testing.assert_allclose(mended.hu(0, 7)[:, :, 1:], ct[0][:, :, 1:], atol=1e-3)


def test_rescale_comes_on_top_of_the_files_own(ct, write_nifti, tmp_path):
    write_nifti(tmp_path / 'a.nii', ct[0], slope=(2.0, 10.0))
    np.testing.assert_allclose(read_volume(tmp_path / 'a.nii', (0.5, -5)).hu(0, 7), ct[0], atol=1.0)
    assert parse_rescale('1:-1024') == (1, -1024) and parse_rescale(None) is None
    for text in ('1', '0:1', 'a:b', '1:2:3', 'nan:1', '1:inf'):
        with pytest.raises(InputError, match=f'--rescale {text}: SLOPE:INTERCEPT is expected'):
            parse_rescale(text)


def test_nan_outside_the_scan_is_air(ct, write_nifti, tmp_path):
    hu = ct[0].astype(np.float32)
    hu[:, :3, :2], hu[6], hu[0, 0, 10] = np.nan, np.nan, -np.inf
    write_nifti(tmp_path / 'a.nii', hu)
    assert f'{np.count_nonzero(~np.isfinite(hu))} voxels (15.4 %)' in only_warning(tmp_path / 'a.nii')
    np.testing.assert_array_equal(read_volume(tmp_path / 'a.nii').hu(0, 7), np.where(np.isfinite(hu), hu, -1024))


@pytest.mark.parametrize('unit, length', [('meter', 0.001), ('micron', 1000), ('mm', 1), ('unknown', 1)])
def test_lengths_are_in_the_unit_of_the_header(ct, write_nifti, tmp_path, unit, length):
    path = tmp_path / 'a.nii.gz'
    write_nifti(path, ct[0], 'RAS', spacing=[length * size for size in SPACING])
    image = nib.load(path)
    image.header.set_xyzt_units(unit)
    nib.save(image, path)
    volume = read_volume(path)
    assert volume.spacing == pytest.approx(SPACING) and volume.voxel_ml == pytest.approx(np.prod(SPACING) / 1000)
    assert any('which were turned into mm' in warning for warning in volume.warnings) == (length != 1)
    write_mask(volume, ct[1], tmp_path / 'mask.nii')
    mask = nib.load(tmp_path / 'mask.nii')
    np.testing.assert_allclose(mask.affine, image.affine)
    assert mask.header.get_xyzt_units()[0] == unit


def test_an_implausible_spacing_is_warned_of(ct, write_nifti, tmp_path):
    write_nifti(tmp_path / 'a.nii', ct[0], spacing=[size / 1000 for size in SPACING])
    assert 'a voxel is 0.0009 x 0.0008 x 0.004 mm' in only_warning(tmp_path / 'a.nii')


@pytest.mark.parametrize('codes, words', [((0, 0), 'left and right, .* unknown; LAS was assumed'), ((1, 1), 'sform and qform')])
def test_an_open_orientation_is_said(ct, tmp_path, codes, words):
    def codes_of(name):
        return tuple(int(nib.load(tmp_path / name).header[code]) for code in ('sform_code', 'qform_code'))

    image = nib.Nifti1Image(ct[0].transpose(2, 1, 0), None)
    image.header.set_zooms((0.9, 0.8, 4))
    if codes[0]:
        image.set_sform(np.diag([-0.9, -0.8, 4, 1]), 1)
        image.set_qform(np.diag([0.9, -0.8, 4, 1]), 1)
    nib.save(image, tmp_path / 'a.nii')
    assert codes_of('a.nii') == codes and re.search(words, only_warning(tmp_path / 'a.nii'))
    write_mask(read_volume(tmp_path / 'a.nii'), ct[1], tmp_path / 'mask.nii')
    assert codes_of('mask.nii') == codes
    np.testing.assert_allclose(nib.load(tmp_path / 'mask.nii').affine, nib.load(tmp_path / 'a.nii').affine)


@pytest.mark.parametrize('more', [(1, ), (1, 1)])
def test_further_axes_of_length_1_are_dropped(ct, write_nifti, tmp_path, more):
    affine = write_nifti(tmp_path / 'a.nii.gz', ct[0])
    set_values(tmp_path / 'a.nii.gz', lambda array: array.reshape(*array.shape, *more))
    volume = read_volume(tmp_path / 'a.nii.gz')
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    write_mask(volume, ct[1], tmp_path / 'mask.nii.gz')
    mask = nib.load(tmp_path / 'mask.nii.gz')
    assert mask.shape == (24, 20, 7)
    np.testing.assert_allclose(mask.affine, affine)


def test_nifti_2_answers_with_nifti_2(ct, tmp_path):
    nib.save(nib.Nifti2Image(ct[0].transpose(2, 1, 0), np.diag([-0.9, -0.8, 4, 1])), tmp_path / 'a.nii')
    volume = read_volume(tmp_path / 'a.nii')
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    write_mask(volume, ct[1], tmp_path / 'mask.nii')
    mask = nib.load(tmp_path / 'mask.nii')
    assert isinstance(mask, nib.Nifti2Image)
    np.testing.assert_array_equal(np.asarray(mask.dataobj), ct[1].transpose(2, 1, 0))


OBLIQUE = nib.eulerangles.euler2mat(0.3, -0.4, 0.5) @ np.diag([-0.9, -0.8, 4.0])


@pytest.mark.parametrize('name', ['oblique', 'sheared'])
def test_volume_is_the_determinant(ct, tmp_path, name):
    """Of an oblique grid it is the product of the spacing, of a sheared one less."""
    affine = np.eye(4)
    affine[:3, :3] = OBLIQUE
    if name == 'sheared':  # 30 degrees: each slice 4 mm higher and 2.31 mm to the back, 4.62 mm apart
        affine[:3, 2] += OBLIQUE[:, 1] / 0.8 * 4 * np.tan(np.pi / 6)
    nib.save(nib.Nifti1Image(ct[0].transpose(2, 1, 0), affine), tmp_path / 'a.nii')
    volume = read_volume(tmp_path / 'a.nii')
    assert volume.voxel_ml == pytest.approx(0.9 * 0.8 * 4 / 1000, rel=1e-5)
    assert volume.spacing == pytest.approx((4.0 / np.cos(np.pi / 6) if name == 'sheared' else 4, 0.8, 0.9), rel=1e-5)
    corners = np.array([[0, 0, 0], [2, 3, 5]])  # (z, y, x)
    between = affine[:3, :3] @ [5, 3, 2]
    assert np.linalg.norm(np.diff(corners @ volume.steps, axis=0)) == pytest.approx(np.linalg.norm(between), rel=1e-5)
    assert bool(volume.warnings) == (name == 'sheared')
    if volume.warnings:
        assert 'sheared by 30.0 degrees' in only_warning(tmp_path / 'a.nii')


def pair(write_nifti, root, ct, **mask):
    write_nifti(root / 'volume-3.nii.gz', ct[0])
    write_nifti(root / 'segmentation-3.nii.gz', mask.pop('label', ct[1]), **mask)
    case, = find_lits(root)
    return case


def test_lits_pair(ct, write_nifti, tmp_path):
    volume, labels = read_case(pair(write_nifti, tmp_path / 'batch 1', ct))
    np.testing.assert_array_equal(labels, ct[1])
    assert volume.data.shape == labels.shape


@pytest.mark.parametrize('mask, message', [
    (dict(label=np.zeros((6, 20, 24), np.uint8)), r'the mask has \(6, 20, 24\) voxels .* \(7, 20, 24\)'),
    (dict(spacing=(4.0, 0.8, 1.0)), 'the affine matrix differs from that of volume-3.nii.gz'),
    (dict(axes='RAS'), 'the affine matrix differs from that of volume-3.nii.gz'),
    (dict(label=np.full((7, 20, 24), 3, np.uint8)), r'labels are 0 .* found \[3.0\]'),
    (dict(label=np.full((7, 20, 24), 0.5, np.float32)), r'labels are 0 .* found \[0.5\]')])
def test_faults_of_a_mask(ct, write_nifti, tmp_path, mask, message):
    with pytest.raises(InputError, match=message) as caught:
        read_case(pair(write_nifti, tmp_path, ct, **mask))
    assert 'segmentation-3.nii.gz' in str(caught.value)


def test_missing_partners_and_doubles(ct, write_nifti, tmp_path):
    with pytest.raises(InputError, match='no volume-N.nii or volume-N.nii.gz was found'):
        find_lits(tmp_path)
    write_nifti(tmp_path / 'volume-7.nii', ct[0])
    with pytest.raises(InputError, match='volume-7.nii: its mask is missing'):
        find_lits(tmp_path)
    write_nifti(tmp_path / 'segmentation-7.nii.gz', ct[1])
    write_nifti(tmp_path / 'part 2' / 'volume-7.nii.gz', ct[0])
    with pytest.raises(InputError, match='case 7 is present twice'):
        find_lits(tmp_path)


def test_msd_layout(ct, write_nifti, tmp_path):
    for number in (10, 9):
        write_nifti(tmp_path / 'imagesTr' / f'liver_{number}.nii.gz', ct[0])
        write_nifti(tmp_path / 'labelsTr' / f'liver_{number}.nii.gz', ct[1])
    write_nifti(tmp_path / 'imagesTs' / 'liver_3.nii.gz', ct[0])
    cases = find_msd(tmp_path)
    assert [case.name for case in cases] == ['liver_9', 'liver_10']
    np.testing.assert_array_equal(read_case(cases[0])[1], ct[1])


def chaos(root, ct, write_dicom):
    import cv2
    write_dicom(root / '1' / 'DICOM_anon', ct[0])
    (root / '1' / 'Ground').mkdir()
    for z, mask in enumerate(ct[1]):
        cv2.imwrite(str(root / '1' / 'Ground' / f'liver_GT_{z:03d}.png'), (mask > 0).astype(np.uint8) * 255)


def test_chaos_layout(ct, write_dicom, tmp_path):
    chaos(tmp_path, ct, write_dicom)
    case, = find_chaos(tmp_path)
    volume, labels = read_case(case)
    np.testing.assert_array_equal(labels, ct[1] > 0)
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    next((tmp_path / '1' / 'Ground').iterdir()).unlink()
    with pytest.raises(InputError, match='Ground: 6 masks for the 7 slices'):
        read_case(case)


def test_a_wrong_checksum_and_what_unpacks_to_more_are_refused(ct, tmp_path, monkeypatch):
    """nibabel stops behind the last voxel, before the checksum."""
    image = nib.Nifti1Image((np.arange(4000).reshape(10, 20, 20) - 1000).astype(np.int16), np.eye(4)).to_bytes()
    packed = gzip.compress(image)
    for name, content in (('crc', packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]), ('cut', packed[:-8]),
                          ('bomb', gzip.compress(image + bytes(2**25)))):
        path = tmp_path / f'{name}.nii.gz'
        path.write_bytes(content)
        for scratch in (None, tmp_path):
            with pytest.raises(InputError, match=f'{name}.nii.gz: the file is damaged, or not NIfTI'):
                read_nifti(path, scratch)
    (tmp_path / 'a.nii.gz').write_bytes(gzip.compress(image + bytes(100)))
    assert read_nifti(tmp_path / 'a.nii.gz').data.shape == (20, 20, 10)
