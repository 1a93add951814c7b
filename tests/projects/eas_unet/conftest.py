"""A CT with its mask as NIfTI in any orientation, and as a DICOM series."""

import nibabel as nib
import numpy as np
import pydicom
import pytest
from nibabel import orientations
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SPACING = (4.0, 0.8, 0.9)
"""Of every volume here: (z, y, x) in mm."""


@pytest.fixture
def ct():
    """HU int16 (7, 20, 24) and labels: slices towards superior, rows posterior, columns left; a bright block is liver."""
    rng = np.random.default_rng(0)
    hu = rng.integers(-300, 0, (7, 20, 24)).astype(np.int16)
    label = np.zeros(hu.shape, np.uint8)
    label[2:6, 4:12, 3:10] = 1
    label[3, 6, 6] = 2
    hu[label > 0] = 150
    return hu, label


@pytest.fixture
def write_nifti():
    """Write an (z, y, x) array, stored so that the file's axes run towards ``axes`` (nibabel's letters); returns the affine."""

    def write(path, array, axes='LPS', spacing=SPACING, slope=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        turn = orientations.ornt_transform(orientations.axcodes2ornt('LPS'), orientations.axcodes2ornt(axes))
        affine = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])
        affine[:3, 3] = (30, -20, 11)
        affine = affine @ orientations.inv_ornt_aff(turn, array.shape[::-1])
        image = nib.Nifti1Image(orientations.apply_orientation(array.transpose(2, 1, 0), turn), affine)
        if slope is not None:
            image.header.set_slope_inter(*slope)
        nib.save(image, path)
        return affine

    return write


@pytest.fixture
def write_dicom():
    """Write a series: one file a slice, named against the order of the positions."""

    def write(folder, hu, spacing=SPACING, series='1.2.3', skip=(), feet_first=True):
        folder.mkdir(parents=True, exist_ok=True)
        for z, pixels in enumerate(hu):
            if z in skip:
                continue
            header = pydicom.Dataset()
            header.file_meta = pydicom.dataset.FileMetaDataset()
            header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = CTImageStorage
            header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid()
            header.SeriesInstanceUID, header.Modality = series, 'CT'
            header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            header.ImagePositionPatient = [-30.0, 20.0, 11.0 + z * spacing[0]]
            header.PixelSpacing, header.SliceThickness = list(spacing[1:]), spacing[0]
            header.Rows, header.Columns = pixels.shape
            header.SamplesPerPixel, header.PhotometricInterpretation = 1, 'MONOCHROME2'
            header.BitsAllocated = header.BitsStored = 16
            header.HighBit, header.PixelRepresentation = 15, 0
            header.RescaleSlope, header.RescaleIntercept = 1, -1024
            header.PixelData = (pixels + 1024).astype(np.uint16).tobytes()
            number = z if feet_first else len(hu) - z
            header.save_as(folder / f'i{number:03d},0000b.dcm', enforce_file_format=True)

    return write
