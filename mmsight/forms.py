"""The forms in which people have their files, and how each is read: the table behind the page "Which files are read".

A task says which families it reads (``Task.reads``). A test makes a file of each form and reads it.
"""

from typing import NamedTuple


class Form(NamedTuple):
    """One form of a file.

    Attributes:
        name (str): A short name, unique in its family; the test finds its file by it.
        what (str): What the file is.
        read (str): How it is read, or why it is refused.
    """

    name: str
    what: str
    read: str


PICTURES = (
    Form('plain', 'PNG, JPEG, BMP or WebP, found by content, grey or colour', 'as it is'),
)
RASTERS = (
    Form('plain', 'GeoTIFF, TIFF or JPEG 2000, found by content', 'in windows, so that memory does not grow with the file'),
)
LAND = (
    Form('geojson', 'GeoJSON', 'longitude and latitude on WGS84, as RFC 7946 says'),
    Form('raster', 'a raster', 'every pixel that is neither 0 nor nodata is land'),
)
VOLUMES = (
    Form('nifti', 'NIfTI, `.nii` or `.nii.gz`', 'in the orientation and with the spacing that its header states'),
    Form('unit', 'NIfTI whose header gives lengths in metres or micrometres', 'in mm, with a warning'),
    Form('no_form', 'NIfTI with neither sform nor qform',
         'as if its axes ran to the left, to the front and up, with a warning: left and right are not known'),
    Form('sheared', 'a sheared grid, as of a tilted gantry',
         'volume by the determinant of the affine, distances by the affine; with a warning'),
    Form('last_axis', 'NIfTI with further axes of length 1', 'without them'),
    Form('several', 'NIfTI of several volumes', 'refused'),
    Form('nan', 'NaN or infinite values outside the scan', 'as air, with a warning; amidst the scan they are refused'),
    Form('not_hu', 'CT that is not in HU: no value near -1000',
         'as it is, with a warning; `--rescale SLOPE:INTERCEPT` mends it'),
    Form('dicom', 'a folder with a DICOM series in it or below it, or its files', 'sorted by position, rescaled to HU'),
    Form('enhanced', 'an enhanced multi-frame DICOM file', 'each frame at its position'),
    Form('compressed', 'DICOM in JPEG Lossless, JPEG-LS, JPEG 2000 or RLE', 'decoded'),
    Form('no_preamble', 'DICOM without the preamble of the file format', 'as with it'),
    Form('no_rescale', 'DICOM without RescaleSlope and RescaleIntercept', 'stored values are taken for HU, with a warning'),
    Form('beside', 'localizers, secondary captures, dose reports, copies and other files beside a series',
         'left out, with a warning that names them'),
    Form('several_series', 'several DICOM series in a folder', 'listed; `--series` chooses'),
    Form('missing', 'a DICOM series in which slices are missing, or at one place twice', 'refused; the sentence names the gap'),
    Form('other_modality', 'MR and other modalities', 'refused'),
)
FORMS: dict[str, tuple[Form, ...]] = {'Pictures': PICTURES, 'Rasters': RASTERS, 'Land masks': LAND, 'Volumes': VOLUMES}
"""Family to its forms."""
