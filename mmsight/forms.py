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
    Form('grey', 'PNG, JPEG, BMP or WebP, found by content and not by name; grey', 'as it is'),
    Form('colour', 'the same in colour', 'red, green, blue; where a model was trained on one band, their luminance'),
    Form('palette', 'a colour table (PNG, BMP)', 'the colours of the table'),
    Form('16 bits', '16 bits', '`upscale` keeps them; else stretched to 8 bits between the percentiles 0.5 and 99.5'),
    Form('alpha', 'transparency: an alpha channel, or one colour that a PNG calls transparent',
         'transparent pixels are no data, and black; `upscale` keeps the channel'),
    Form('orientation', 'an EXIF orientation', 'turned upright, and coordinates are those of the upright image'),
    Form('profile', 'a colour profile that is not sRGB', 'brought to sRGB; `upscale` keeps values and profile'),
    Form('cmyk', 'CMYK (JPEG)', 'brought to sRGB by its colour profile; without one, with ideal inks'),
    Form('frames', 'several frames (animated PNG or WebP, MPO)', 'the first, with a warning'),
    Form('world file', 'a world file (`.pgw`, `.jgw`, `.wld`) with a `.prj` beside it', 'gives positions'),
)
RASTERS = (
    Form('grey', 'GeoTIFF, TIFF or JPEG 2000, found by content and not by name; one band',
         'in windows, so that memory does not grow with the file'),
    Form('colour', 'bands that are called red, green and blue by their colour interpretation or their description, among '
         'others and in any order', 'these three; where a model was trained on one band, their luminance'),
    Form('three bands', 'three bands without names', 'red, green and blue in this order, with a warning'),
    Form('many bands', 'two, four or more bands without names', 'refused, unless `--bands` chooses'),
    Form('palette', 'a colour table', 'the colours of the table'),
    Form('white is zero', 'white is zero (photometric interpretation 0)', 'inverted, so that high is bright'),
    Form('one bit', 'fewer than 8 bits', 'brought to the whole range of 8 bits'),
    Form('ycbcr', 'YCbCr', 'brought to red, green and blue'),
    Form('cielab', 'CIELAB', 'brought to sRGB; the white point is D50'),
    Form('cmyk', 'CMYK', 'brought to sRGB by its colour profile; without one, with ideal inks'),
    Form('profile', 'a colour profile that is not sRGB, 8 or 16 bits', 'brought to sRGB'),
    Form('mosaic', 'the mosaic of a camera (DNG), LogLuv, ITU L*a*b*, complex numbers', 'refused'),
    Form('16 bits', 'more than 8 bits, floating point', '`upscale` takes 16 bits; else stretched to 8 bits, see `--stretch`'),
    Form('scale', 'scale and offset of a band', 'applied: limits of `--stretch` are those of the values that are meant'),
    Form('nodata', 'nodata, a mask, alpha, NaN', 'no data, and black'),
    Form('pages', 'several pages', 'the first, with a warning'),
    Form('orientation', 'an orientation (tag 274)', 'turned upright, and coordinates are those of the upright image'),
    Form('rotated', 'a rotated, sheared or south-up grid', 'as its transform says'),
    Form('control points', 'ground control points without a transform',
         'positions from a plane through up to 9, from a thin-plate spline through more; the residual is stated'),
    Form('rational polynomials', 'rational polynomial coefficients (RPC) without a transform',
         'positions at the mean height that they state, with a note'),
    Form('world file', 'a world file (`.tfw`, `.wld`) or a `.prj` beside it',
         'read where the file states no such thing itself'),
    Form('longitudes', 'longitudes from 0 to 360', 'results have them from -180 to 180'),
    Form('antimeridian', 'a scene across the antimeridian', 'results are cut there, as RFC 7946 asks'),
    Form('pole', 'a polar projection, a scene over a pole', 'lengths and headings as everywhere'),
)
SENTINEL1 = (
    Form('safe', 'a GRD product as it comes: its `.SAFE` folder, the `manifest.safe` in it, or a `.zip` of the folder',
         'backscatter sigma0 by the tables of the product, in windows; `--bands VH` chooses a polarisation'),
    Form('zip', 'a `.zip`',
         'the chosen measurement is unpacked for the time of the run, into a private folder where `TMPDIR` says'),
    Form('noise', 'tables of thermal noise, of any version of the processor', 'subtracted; without them a warning says so'),
    Form('measurement', 'a `measurement/*.tiff` alone', 'as other rasters are: its values are not calibrated'),
    Form('slc', 'SLC, OCN and RAW products', 'refused'),
    Form('incomplete', 'a product without annotation or calibration, a zip whose members lead out of it', 'refused'),
)
LAND = (
    Form('geojson', 'GeoJSON in longitude and latitude on WGS84, from -180 to 180 or from 0 to 360',
         'edges are straight in longitude and latitude'),
    Form('crs', 'GeoJSON whose member `crs` names another system', 'transformed; refused where the system is not known'),
    Form('metres', 'GeoJSON in metres without `crs`', 'refused'),
    Form('crossing', 'rings that cross themselves', 'made valid'),
    Form('world', 'a coastline of the whole world', 'clipped to what is near the ships'),
    Form('shapefile', 'a shapefile (`.shp`) with its `.prj`', 'transformed; without `.prj` as longitude and latitude'),
    Form('geopackage', 'a GeoPackage', 'all its layers, transformed; views are refused'),
    Form('raster', 'a raster with a transform', 'every pixel that is neither 0 nor nodata is land'),
    Form('auto', '`--land auto`',
         'the coasts of GSHHG, right to some 100 m, with islands; lakes count as land; they come with the extra `land`'),
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
FORMS: dict[str, tuple[Form, ...]] = {'Products of Sentinel-1': SENTINEL1, 'Pictures': PICTURES, 'Rasters': RASTERS,
                                      'Land masks': LAND, 'Volumes': VOLUMES}
"""Family to its forms."""
