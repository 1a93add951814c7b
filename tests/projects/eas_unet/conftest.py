"""A CT with its mask as NIfTI in any orientation, and as a DICOM series."""

import nibabel as nib
import numpy as np
import pydicom
import pytest
from nibabel import orientations
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

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
    hu[:, :, -1] = -1000
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
    """Write a series: one file a slice, named by its position or against it; ``change`` gets each header and its number."""

    def write(folder, hu, spacing=SPACING, series='1.2.3', skip=(), feet_first=True, change=None, **options):
        folder.mkdir(parents=True, exist_ok=True)
        for z, pixels in enumerate(hu):
            if z in skip:
                continue
            header = pydicom.Dataset()
            header.file_meta = pydicom.dataset.FileMetaDataset()
            header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            header.SOPClassUID, header.SOPInstanceUID = CTImageStorage, generate_uid()
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
            if change is not None:
                change(header, z)
            header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
            header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
            header.save_as(folder / f'i{number:03d},0000b.dcm', **{'enforce_file_format': True, **options})

    return write


@pytest.fixture
def write_enhanced():
    """Write a series as one enhanced multi-frame file: its frames from head to feet, a localizer before them."""

    def item(**values):
        made = pydicom.Dataset()
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def write(path, hu, spacing=SPACING, series='1.2.3'):
        path.parent.mkdir(parents=True, exist_ok=True)
        frames, groups = [], []
        axes = dict(localizer=[1, 0, 0, 0, 0, -1], volume=[1, 0, 0, 0, 1, 0])
        for z in [None, *range(len(hu))[::-1]]:
            kind = 'localizer' if z is None else 'volume'
            intercept = -100 * (len(frames) % 2)  # may differ between frames
            groups.append(item(
                PlanePositionSequence=[item(ImagePositionPatient=[-30.0, 20.0, 60.0 if z is None else 11.0 + z * spacing[0]])],
                PlaneOrientationSequence=[item(ImageOrientationPatient=axes[kind])],
                PixelValueTransformationSequence=[item(RescaleSlope=0.5, RescaleIntercept=intercept, RescaleType='HU')],
                CTImageFrameTypeSequence=[item(FrameType=['ORIGINAL', 'PRIMARY', kind.upper(), 'NONE'])]))
            frames.append(2 * (hu[z or 0] - intercept))
        header = item(
            SOPClassUID=EnhancedCTImageStorage, SOPInstanceUID=generate_uid(), SeriesInstanceUID=series, Modality='CT',
            NumberOfFrames=len(frames), Rows=hu.shape[1], Columns=hu.shape[2], SamplesPerPixel=1,
            PhotometricInterpretation='MONOCHROME2', BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=1,
            SharedFunctionalGroupsSequence=[item(PixelMeasuresSequence=[
                item(PixelSpacing=list(spacing[1:]), SliceThickness=spacing[0])])],
            PerFrameFunctionalGroupsSequence=groups, PixelData=np.stack(frames).astype(np.int16).tobytes())
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
        header.save_as(path, enforce_file_format=True)

    return write
