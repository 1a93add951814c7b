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
    Form('dicom', 'a folder with one DICOM series', 'sorted by position'),
)
FORMS: dict[str, tuple[Form, ...]] = {'Pictures': PICTURES, 'Rasters': RASTERS, 'Land masks': LAND, 'Volumes': VOLUMES}
"""Family to its forms."""
