"""DICOM series: what belongs to one and what does not, which is meant, where its slices lie; masks as DICOM segmentations."""

import re

import imagecodecs
import nibabel as nib
import numpy as np
import pydicom
import pytest
from mmsight.projects.eas_unet.ct import read_volume
from mmsight.projects.eas_unet.dicom import choose_series, find_series
from mmsight.projects.eas_unet.dicom_headers import read_header
from mmsight.projects.eas_unet.dicom_seg import write_dicom_seg
from mmsight.projects.eas_unet.nifti import write_mask
from pydicom.encaps import encapsulate
from pydicom.uid import ComprehensiveSRStorage, JPEGLosslessSV1, SecondaryCaptureImageStorage

from mmsight.errors import InputError


def only_warning(path):
    warning, = read_volume(path).warnings
    return warning


def test_what_is_no_slice_is_left_out_and_named(ct, write_dicom, tmp_path):
    folder = tmp_path / 'series'

    def localizer(header, z):
        header.ImageType, header.ImageOrientationPatient = ['ORIGINAL', 'PRIMARY', 'LOCALIZER'], [1, 0, 0, 0, 0, -1]

    def scout(header, z):
        header.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    def report(header, z):
        del header.PixelData, header.ImagePositionPatient, header.Rows
        header.SOPClassUID, header.Modality = ComprehensiveSRStorage, 'SR'

    def capture(header, z):
        del header.ImagePositionPatient
        header.SOPClassUID = SecondaryCaptureImageStorage

    for number, (series, change) in enumerate((('1.2.3', localizer), ('1.2.3', scout), ('1.2.9', localizer), ('1.2.3', report),
                                               ('1.2.5', capture))):
        write_dicom(tmp_path / 'other', ct[0][:1], series=series, change=change)
        folder.mkdir(exist_ok=True)
        next((tmp_path / 'other').iterdir()).rename(folder / f'a{number}.dcm')
    write_dicom(folder, ct[0])
    (folder / 'copy.dcm').write_bytes((folder / 'i003,0000b.dcm').read_bytes())
    (folder / 'notes.txt').write_text('no slice')
    np.testing.assert_array_equal(read_volume(folder).hu(0, 7), ct[0])
    series, = find_series(folder)
    assert series.left_out == ('a0.dcm (a localizer)', 'a2.dcm (a localizer)', 'a3.dcm (Comprehensive SR)',
                               'a4.dcm (Secondary Capture Image)', 'notes.txt (not DICOM)')
    assert only_warning(folder).endswith('a4.dcm (Secondary Capture Image), notes.txt (not DICOM) and 2 more')
    for name in ('a0', 'a2', 'a3', 'a4'):
        (folder / f'{name}.dcm').unlink()
    assert only_warning(folder).endswith('left out, because they are no slices of the CT: notes.txt (not DICOM), '
                                         'i003,0000b.dcm (a copy), a1.dcm (another orientation)')


def test_values_without_rescale_are_said(ct, write_dicom, tmp_path):
    def change(header, z):
        del header.RescaleSlope, header.RescaleIntercept

    write_dicom(tmp_path / 'stored', ct[0], change=change)
    first, second = read_volume(tmp_path / 'stored').warnings
    assert 'RescaleSlope or RescaleIntercept is absent' in first and '--rescale 1:-1024' in second
    mended = read_volume(tmp_path / 'stored', (1, -1024))
    assert mended.warnings == (first, )
    np.testing.assert_array_equal(mended.hu(0, 7), ct[0])
    write_dicom(tmp_path / 'dual', ct[0], change=lambda header, z: setattr(header, 'RescaleType', 'MGML'))
    assert only_warning(tmp_path / 'dual').endswith('RescaleType says that the values are MGML, not HU')


def test_several_series_are_listed_and_chosen(ct, write_dicom, tmp_path):
    for number, parts in ((2, slice(0, 5)), (10, slice(0, 7))):
        def change(header, z, number=number):
            header.SeriesNumber, header.SeriesDescription = number, f'Abdomen {number}'
        write_dicom(tmp_path / 'study' / f'S{number}', ct[0][parts], series=f'1.2.{number}', change=change)
    with pytest.raises(InputError, match=re.escape(
            'study: 2 CT series are here: choose by number or UID with `--series`, or all with `--series all`: 2, "Abdomen 2", '
            '5 slices, 1.2.2; 10, "Abdomen 10", 7 slices, 1.2.10')):
        read_volume(tmp_path / 'study')
    np.testing.assert_array_equal(read_volume(tmp_path / 'study', series=['10']).hu(0, 7), ct[0])
    assert len(read_volume(tmp_path / 'study', series=['1.2.2']).data) == 5
    both = choose_series(tmp_path / 'study', ['all'])
    assert [series.name for series in both] == ['study_2', 'study_10']
    assert both == choose_series(tmp_path / 'study', ['2', '10'])
    assert [len(read_volume(series).data) for series in both] == [5, 7]
    with pytest.raises(InputError, match='2 CT series are here'):
        choose_series(tmp_path / 'study', ['3'])
    with pytest.raises(InputError, match='1 CT series is here'):
        choose_series(tmp_path / 'study' / 'S2', ['3'])


def cut_jpeg(header, z):
    frame = imagecodecs.jpeg8_encode(header.pixel_array, lossless=True)
    header.PixelData, header.file_meta.TransferSyntaxUID = encapsulate([frame[:len(frame) // 2]]), JPEGLosslessSV1
    header['PixelData'].VR = 'OB'


def test_other_files_are_not_searched_for_elements(tmp_path, monkeypatch):
    (tmp_path / 'weights.pth').write_bytes(b'PK' + bytes(500))
    read = pydicom.dcmread

    def spy(path, **options):
        assert 'force' not in options
        return read(path, **options)

    monkeypatch.setattr('pydicom.dcmread', spy)
    assert read_header(tmp_path / 'weights.pth') is None


def setting(name, value):
    return lambda header, z: setattr(header, name, value)


@pytest.mark.parametrize('change, message', [
    (cut_jpeg, 'damaged, or not DICOM whose pixels can be decoded'),
    (setting('SliceThickness', [4, 4]), "damaged, or not DICOM: '.*' stands where a number is expected"),
    (setting('NumberOfFrames', 3), 'it has 3 frames, and says of 1 where they are'),
    (setting('Rows', 0), "'0' stands where a count is expected"),
    (setting('Rows', 21), 'damaged, or not DICOM whose pixels can be decoded'),
    (setting('ImagePositionPatient', [1, 2]), 'the slice has no ImagePositionPatient of 3 numbers'),
    (setting('PixelSpacing', [-1, 1]), r'PixelSpacing must be positive, found \(-1'),
    (lambda header, z: delattr(header, 'PixelSpacing'), 'the slice has no PixelSpacing of 2 numbers')])
def test_faults_of_a_header(ct, write_dicom, tmp_path, change, message):
    write_dicom(tmp_path / 'series', ct[0], change=change)
    with pytest.raises(InputError, match=rf'i000,0000b.dcm: .*{message}'):
        read_volume(tmp_path / 'series')


def tilted(degrees):
    """A tilted gantry: slices stay level along the table, their rows lean."""
    lean = np.radians(degrees)

    def change(header, z):
        header.ImageOrientationPatient = [1, 0, 0, 0, float(np.cos(lean)), float(-np.sin(lean))]
    return change


def test_a_tilted_gantry(ct, write_dicom, tmp_path):
    write_dicom(tmp_path / 'tilted', ct[0], change=tilted(20))
    volume = read_volume(tmp_path / 'tilted')
    np.testing.assert_array_equal(volume.hu(0, 7), ct[0])
    assert volume.voxel_ml == pytest.approx(4 * 0.8 * 0.9 * np.cos(np.radians(20)) / 1000)
    assert 'sheared by 20.0 degrees' in only_warning(tmp_path / 'tilted')
    write_mask(volume, ct[1], tmp_path / 'mask.nii')
    mask = nib.load(tmp_path / 'mask.nii')
    np.testing.assert_allclose(mask.affine, volume.affine, atol=1e-5)
    assert mask.header['qform_code'] == 0  # which cannot say it


@pytest.mark.parametrize('form', ['plain', 'feet_first', 'tilted', 'enhanced', 'empty'])
def test_a_dicom_segmentation_lies_on_its_series(ct, write_dicom, write_enhanced, tmp_path, form):
    """Read back by hand: each frame names its slice, and stands where it does."""
    source = tmp_path / 'series'
    if form == 'enhanced':
        write_enhanced(source / 'ct.dcm', ct[0])
    else:
        write_dicom(source, ct[0], feet_first=form != 'feet_first', change=tilted(20) if form == 'tilted' else None)
    truth = np.uint8(ct[1] > 0) * (form != 'empty')
    write_dicom_seg(read_volume(source), truth, tmp_path / 'liver.dcm')
    found = pydicom.dcmread(tmp_path / 'liver.dcm')
    assert found.Modality == 'SEG' and found.ReferencedSeriesSequence[0].SeriesInstanceUID == '1.2.3'
    segment, = found.SegmentSequence
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == 'Liver' and segment.SegmentAlgorithmType == 'AUTOMATIC'
    frames = found.pixel_array.reshape(-1, 20, 24)
    headers = {header.SOPInstanceUID: header for header in map(pydicom.dcmread, source.iterdir())}
    read = np.zeros_like(truth)
    for frame, group in zip(frames, found.PerFrameFunctionalGroupsSequence, strict=True):
        position = group.PlanePositionSequence[0].ImagePositionPatient
        if form != 'empty':
            image = group.DerivationImageSequence[0].SourceImageSequence[0]
            header = headers[image.ReferencedSOPInstanceUID]
            if form == 'enhanced':
                header = header.PerFrameFunctionalGroupsSequence[int(image.ReferencedFrameNumber) - 1].PlanePositionSequence[0]
            assert position == header.ImagePositionPatient
        read[round((position[2] - 11) / 4)] = frame
    np.testing.assert_array_equal(read, truth)
    shared = found.SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.8, 0.9]


@pytest.mark.parametrize('options, message', [
    (dict(skip=(3, )), 'series: a slice is missing: 8.00 mm between i002,0000b.dcm and i004,0000b.dcm, 4.00 mm elsewhere'),
    (dict(skip=(3, 4)), 'series: 2 slices are missing: 12.00 mm between i002,0000b.dcm and i005,0000b.dcm, 4.00 mm elsewhere'),
    (dict(skip=range(7)), 'series: there is no CT, and no DICOM file')])
def test_faults_of_a_series(ct, write_dicom, tmp_path, options, message):
    write_dicom(tmp_path / 'series', ct[0], **options)
    with pytest.raises(InputError, match=message):
        read_volume(tmp_path / 'series')


def test_doubled_and_odd_slices(ct, write_dicom, tmp_path):
    write_dicom(tmp_path / 'doubled', ct[0])
    write_dicom(tmp_path / 'doubled' / 'again', ct[0], change=lambda header, z: setattr(header, 'AcquisitionNumber', 2))
    with pytest.raises(InputError, match=r'0.00 mm apart, .* present twice, or several phases .* acquisitions are , 2'):
        read_volume(tmp_path / 'doubled')
    write_dicom(tmp_path / 'odd', ct[0], skip=(6, ))
    write_dicom(tmp_path / 'odd', ct[0], skip=range(6), spacing=(4.0, 0.8, 1.1))
    with pytest.raises(InputError, match=r'i006,0000b.dcm: the slice has 20 x 24 pixels of \(0.8, 1.1\) mm, and most'):
        read_volume(tmp_path / 'odd')
    (tmp_path / 'text').mkdir()
    (tmp_path / 'text' / 'a.dcm').write_text('no image')
    with pytest.raises(InputError, match='a.dcm: the file is damaged, or not DICOM'):
        read_volume(tmp_path / 'text')
