"""A scan in every form of the table of files reads alike, in training and in inference, or is refused with a sentence."""

import re
import shutil

import cv2
import imagecodecs
import nibabel as nib
import numpy as np
import pydicom
import pytest
from mmsight.projects.eas_unet.cache import open_case, unpack_hu, unpack_label
from mmsight.projects.eas_unet.cases import Case, find_lits
from mmsight.projects.eas_unet.convert import convert_case
from mmsight.projects.eas_unet.inferencer import SegmentInferencer
from pydicom.encaps import encapsulate
from pydicom.uid import (
    BasicTextSRStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
)

from mmsight.errors import InputError
from mmsight.forms import VOLUMES


def rewrite(folder, change):
    """Change the image of each NIfTI file."""
    for path in folder.iterdir():
        image = nib.load(path)
        nib.save(change(image), path)


def in_metres(image):
    made = nib.Nifti1Image(np.asarray(image.dataobj), np.diag([1e-3, 1e-3, 1e-3, 1]) @ image.affine)
    made.header.set_xyzt_units('meter')
    return made


def without_form(image):
    """Stored as is assumed: towards left, anterior and superior."""
    made = nib.Nifti1Image(np.asarray(image.dataobj)[:, ::-1], None)
    made.header.set_zooms(image.header.get_zooms())
    return made


def sheared(image):
    affine = image.affine.copy()
    affine[1, 2] += 1
    return nib.Nifti1Image(np.asarray(image.dataobj), affine)


def reshaped(change):
    return lambda image: nib.Nifti1Image(change(np.asarray(image.dataobj)), image.affine)


def padded(array):
    """No number where the CT has air; nothing is changed in masks."""
    return np.where(array == -1000, np.nan, array.astype(np.float32)) if array.min() < 0 else array


def upper_case(folder):
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace('.nii.gz', '.NII.GZ'))


def without_preamble(folder):
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])


def bare(folder):
    """Neither preamble nor file meta information: a data set as old archives wrote it."""
    for path in folder.iterdir():
        header = pydicom.dcmread(path)
        header.preamble, header.file_meta = None, pydicom.dataset.FileMetaDataset()
        header.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)


def compress(syntax):
    return lambda header, z: header.compress(syntax, generate_instance_uid=False)


def encode(syntax, encoder, **options):
    """What pydicom does not encode."""
    def change(header, z):
        header.PixelData = encapsulate([encoder(header.pixel_array, **options)])
        header.file_meta.TransferSyntaxUID = syntax
        header['PixelData'].VR = 'OB'
    return change


def signed(header, z):
    """HU as they are, which needs no offset."""
    stored = np.frombuffer(header.PixelData, np.uint16).astype(np.int16) - 1024
    header.PixelRepresentation, header.RescaleIntercept, header.PixelData = 1, 0, stored.tobytes()


def implicit(header, z):
    header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def without_rescale(header, z):
    del header.RescaleSlope, header.RescaleIntercept


def report_beside(folder):
    header = pydicom.dcmread(next(folder.iterdir()))
    del header.PixelData, header.ImagePositionPatient
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = BasicTextSRStorage
    header.save_as(folder / 'report.dcm')


def mr(header, z):
    header.SOPClassUID, header.Modality = MRImageStorage, 'MR'


def in_sub_folder(folder):
    shutil.move(folder, folder.with_name('S1'))
    folder.mkdir()
    shutil.move(folder.with_name('S1'), folder)


NIFTI = {  # what is done with the folder of the volume and the folder of the mask
    'nifti': lambda folder: None,
    'unit': lambda folder: rewrite(folder, in_metres),
    'no_form': lambda folder: rewrite(folder, without_form),
    'sheared': lambda folder: rewrite(folder, sheared),
    'last_axis': lambda folder: rewrite(folder, reshaped(lambda array: array[..., None])),
    'upper_case': upper_case,
    'nan': lambda folder: rewrite(folder, reshaped(padded)),
    'not_hu': lambda folder: rewrite(folder, reshaped(lambda array: array + np.int16(1024) if array.min() < 0 else array)),
    'several': lambda folder: rewrite(folder, reshaped(lambda array: np.stack([array, array], axis=-1)))}
DICOM = {  # what is done with each header, and with the folder
    'dicom': ({}, ), 'head_first': (dict(feet_first=False), ), 'signed': (dict(change=signed), ),
    'implicit': (dict(change=implicit), ),
    'sub_folder': ({}, in_sub_folder), 'enhanced': None,
    'no_preamble': ({}, without_preamble), 'bare': ({}, bare),
    'compressed': (dict(change=encode(JPEGLosslessSV1, imagecodecs.jpeg8_encode, lossless=True)), ),
    'jpeg_lossless_14': (dict(change=encode(JPEGLossless, imagecodecs.jpeg8_encode, lossless=True, predictor=4)), ),
    'jpeg_2000': (dict(change=encode(JPEG2000Lossless, imagecodecs.jpeg2k_encode, codecformat='j2k')), ),
    'jpeg_ls': (dict(change=compress(JPEGLSLossless)), ),
    'rle': (dict(change=compress(RLELossless)), ),
    'no_rescale': (dict(change=without_rescale), ), 'beside': ({}, report_beside),
    'other_modality': (dict(change=mr), ), 'missing': (dict(skip=(3, )), )}
WORDS = dict(enhanced=r'ct.dcm \(a localizer\)', unit='in metres, which were turned into mm', no_form='left and right',
             sheared='sheared by', nan='read as air',
             not_hu='--rescale 1:-1024', no_rescale='RescaleIntercept is absent', beside=r'report.dcm \(Basic Text SR\)',
             several='one volume of 3 axes', other_modality='7 MR Image', missing='a slice is missing')
"""Of the warning, or of the refusal."""
REFUSED = ('several', 'other_modality', 'missing')


def test_every_form_of_the_table_is_tried():
    assert {form.name for form in VOLUMES} - {'several_series'} <= NIFTI.keys() | DICOM.keys()


@pytest.fixture
def make_case(ct, write_nifti, write_dicom, write_enhanced, tmp_path):
    """Write the scan and its mask in a form."""
    def make(form):
        volume, masks = tmp_path / 'scan', tmp_path / 'masks'
        if form in NIFTI:
            write_nifti(volume / 'volume-0.nii.gz', ct[0])
            write_nifti(masks / 'segmentation-0.nii.gz', ct[1])
            NIFTI[form](volume)
            NIFTI[form](masks)
            return find_lits(tmp_path)[0]
        if form == 'enhanced':
            write_enhanced(volume / 'ct.dcm', ct[0])
            positions = [None, *range(7)[::-1]]  # the localizer has no mask
        else:
            options, *after = DICOM[form]
            write_dicom(volume, ct[0], **options)
            for change in after:
                change(volume)
            positions = range(7)[::1 if options.get('feet_first', True) else -1]
        masks.mkdir()
        for number, z in enumerate(positions):
            if z is not None:
                cv2.imwrite(str(masks / f'{number:03d}.png'), np.uint8(ct[1][z] > 0) * 255)
        return Case('a', volume, masks)
    return make


@pytest.fixture(scope='module')
def inferencer():
    made = SegmentInferencer('liver', device='cpu', show_progress=False)
    del made.model.dataset_meta['image_size']  # the scans of this test are smaller, which would be told of every form
    return made


def read_to_segment(inferencer, path, rescale):
    """As ``mmsight segment`` reads it."""
    inferencer._wanted, inferencer._format = (), 'nifti'
    source, = inferencer.list_inputs([path])
    return inferencer.preprocess(source, None, low_memory=False, rescale=rescale, series=None).volume


@pytest.mark.parametrize('form', [*NIFTI, *DICOM])
def test_training_and_inference_read_every_form_alike(ct, make_case, inferencer, tmp_path, form):
    case = make_case(form)
    path = case.volume
    rescale = '1:-1024' if form in ('not_hu', 'no_rescale') else None
    if form in REFUSED:
        sentences = []
        for read in (lambda: convert_case(case, tmp_path), lambda: read_to_segment(inferencer, path, None)):
            with pytest.raises(InputError, match=WORDS[form]) as caught:
                read()
            sentences.append(str(caught.value))
        assert sentences[0] == sentences[1]
        return
    volume = read_to_segment(inferencer, path, rescale)
    expected = np.where(ct[0] == -1000, -1024, ct[0]) if form == 'nan' else ct[0]
    np.testing.assert_array_equal(volume.hu(0, 7), expected)
    assert volume.voxel_ml == pytest.approx(4 * 0.8 * 0.9 / 1000)
    _, warnings = convert_case(case, tmp_path, (1.0, -1024.0) if rescale else None)
    cached = open_case(str(tmp_path / f'{case.name}.npy'))
    np.testing.assert_array_equal(unpack_hu(cached), expected)
    np.testing.assert_array_equal(unpack_label(cached) > 0, ct[1] > 0)
    assert warnings == volume.warnings
    said = read_to_segment(inferencer, path, None).warnings
    assert re.search(WORDS[form], ' '.join(said)) if form in WORDS else not said
