"""NIfTI and DICOM in, masks out: orientation, spacing, and every fault as one sentence."""

import gzip

import nibabel as nib
import numpy as np
import pytest
from mmsight.projects.eas_unet.cases import find_chaos, find_lits, find_msd, read_case
from mmsight.projects.eas_unet.volume import read_volume, write_mask

from mmsight.errors import InputError

AXES = ['LPS', 'RAS', 'LAS', 'RPI', 'ASL', 'SPR']


@pytest.mark.parametrize('axes', AXES)
def test_any_orientation_reads_alike(ct, write_nifti, tmp_path, axes):
    affine = write_nifti(tmp_path / 'volume-0.nii.gz', ct[0], axes)
    volume = read_volume(tmp_path / 'volume-0.nii.gz')
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    assert volume.spacing == pytest.approx((4.0, 0.8, 0.9)) and volume.spacing_warning is None
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


def test_dicom_series_is_the_nifti_of_the_same_scan(ct, write_nifti, write_dicom, tmp_path):
    write_dicom(tmp_path / 'series', ct[0], feet_first=False)
    write_nifti(tmp_path / 'a.nii', ct[0])
    dicom, nifti = read_volume(tmp_path / 'series'), read_volume(tmp_path / 'a.nii')
    np.testing.assert_array_equal(dicom.hu(0, 7), ct[0])
    assert dicom.spacing == pytest.approx(nifti.spacing)
    np.testing.assert_allclose(dicom.affine, nifti.affine, atol=1e-6)
    write_mask(dicom, ct[1], tmp_path / 'mask.nii.gz')
    np.testing.assert_allclose(nib.load(tmp_path / 'mask.nii.gz').affine, nifti.affine, atol=1e-6)


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
    (cut, 'truncated, damaged, or not NIfTI'),
    (lambda path: path.write_bytes(b''), 'truncated, damaged, or not NIfTI'),
    (lambda path: path.write_bytes(gzip.compress(b'no image')), 'truncated, damaged, or not NIfTI'),
    (lambda path: set_values(path, nan_at_a_voxel), 'contains NaN or infinite values'),
    (lambda path: set_values(path, np.zeros_like), r'constant \(every voxel is 0.0\)'),
    (lambda path: set_values(path, lambda array: array[..., None]), r'3 axes is expected, found 4 axes, \(24, 20, 7, 1\)')])
def test_faults_of_a_volume(ct, write_nifti, tmp_path, spoil, message):
    path = tmp_path / 'volume-0.nii.gz'
    write_nifti(path, ct[0])
    spoil(path)
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert str(path) in str(caught.value)


def test_singular_affine(ct, tmp_path):
    image = nib.Nifti1Image(ct[0], None)
    image.header['sform_code'], image.header['srow_x'][0], image.header['srow_y'][1] = 1, 1, 1
    nib.save(image, tmp_path / 'a.nii')
    with pytest.raises(InputError, match='a.nii: the affine is singular'):
        read_volume(tmp_path / 'a.nii')


def test_unit_spacing_is_warned_of(ct, write_nifti, tmp_path):
    write_nifti(tmp_path / 'volume-30.nii', ct[0], spacing=(1.0, 1.0, 1.0))
    assert 'LiTS volumes 28-47' in read_volume(tmp_path / 'volume-30.nii').spacing_warning


def test_values_that_are_no_hu_are_warned_of(ct, write_nifti, tmp_path):
    write_nifti(tmp_path / 'ct.nii', np.pad(ct[0], 1, constant_values=-1000))
    assert read_volume(tmp_path / 'ct.nii').range_warning is None
    write_nifti(tmp_path / 'windowed.nii', ct[0].clip(-200, 250))
    assert 'windowed.nii: the lowest value is -200' in read_volume(tmp_path / 'windowed.nii').range_warning


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


@pytest.mark.parametrize('options, message', [
    (dict(skip=(3, )), 'series: a slice is missing: 8.00 mm between i002,0000b.dcm and i004,0000b.dcm, 4.00 mm elsewhere'),
    (dict(skip=range(7)), 'series: the folder contains no DICOM files')])
def test_faults_of_a_series(ct, write_dicom, tmp_path, options, message):
    write_dicom(tmp_path / 'series', ct[0], **options)
    with pytest.raises(InputError, match=message):
        read_volume(tmp_path / 'series')


def test_mixed_doubled_and_odd_series(ct, write_dicom, tmp_path):
    write_dicom(tmp_path / 'mixed', ct[0], skip=(5, 6))
    write_dicom(tmp_path / 'mixed', ct[0], skip=range(5), series='1.2.4')
    with pytest.raises(InputError, match=r'2 DICOM series are mixed: 1.2.3 \(5 files\), 1.2.4 \(2 files\)'):
        read_volume(tmp_path / 'mixed')
    write_dicom(tmp_path / 'doubled', ct[0])
    (tmp_path / 'doubled' / 'copy.dcm').write_bytes((tmp_path / 'doubled' / 'i003,0000b.dcm').read_bytes())
    with pytest.raises(InputError, match='a slice is present twice'):
        read_volume(tmp_path / 'doubled')
    write_dicom(tmp_path / 'odd', ct[0], skip=(6, ))
    write_dicom(tmp_path / 'odd', ct[0], skip=range(6), spacing=(4.0, 0.8, 1.1))
    with pytest.raises(InputError, match='i006,0000b.dcm: orientation, pixel spacing or size differ'):
        read_volume(tmp_path / 'odd')
    (tmp_path / 'text').mkdir()
    (tmp_path / 'text' / 'a.dcm').write_text('no image')
    with pytest.raises(InputError, match='a.dcm: the file is damaged, or not DICOM'):
        read_volume(tmp_path / 'text')
