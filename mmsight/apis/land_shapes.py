"""Polygons of land in longitude and latitude: from GeoJSON, a shapefile or a GeoPackage, or the coasts of the world."""

import functools
import json
import warnings
from pathlib import Path
from typing import Any

import antimeridian
import numpy as np
import rasterio
import shapefile
import shapely
from rasterio.errors import CRSError

from mmsight.apis.geopackage import is_geopackage, read_geopackage
from mmsight.apis.georeference import WGS84, read_prj, to_wgs84
from mmsight.errors import InputError
from mmsight.json_files import read_json
from mmsight.memory import check_memory
from mmsight.rasters import raster_options
from mmsight.reading import reading

PARTS = 100
"""Into how many parts the longer side of a shape in metres is cut, at least, before it becomes longitude and latitude."""
_SHAPEFILE = b'\0\0\x27\x0a'


@functools.lru_cache(1)  # the scenes of one run
def read_shapes(path: Path, _: int) -> np.ndarray:
    """The shapes of a file.

    Args:
        path (Path): GeoJSON, in longitude and latitude on WGS84 or in the system that its member ``crs`` names; a GeoPackage,
            of which all layers are read; or the ``.shp`` of a shapefile, in the system of the ``.prj`` beside it, in longitude
            and latitude without one. The content decides which it is.
        _ (int): Differs when the file has changed, so that it is read again.

    Returns:
        np.ndarray: Shapes of shapely (N, ), longitude and latitude on WGS84.

    Raises:
        InputError: If it cannot be read, or lies nowhere.
    """
    with reading(path, 'a land mask'), path.open('rb') as file:
        start = file.read(16)
    if is_geopackage(start):
        layers = [(shapes, _known(path, 'layer', said, said) if said else None) for shapes, said in read_geopackage(path)]
    elif start.startswith(_SHAPEFILE):
        layers = [_read_shapefile(path)]
    else:
        layers = [_read_geojson(path)]
    return np.concatenate([_placed(path, shapes, crs) for shapes, crs in layers])


@functools.cache
def world_coasts() -> np.ndarray:
    """The shores of all land and islands by GSHHG in full resolution, some 100 m; lakes count as land.

    Returns:
        np.ndarray: Polygons (N, ), longitude and latitude on WGS84.

    Raises:
        InputError: If the package that ships them is not installed.
    """
    try:
        from roaring_landmask import LandmaskProvider, Shapes
    except ImportError as error:
        raise InputError("--land auto needs roaring-landmask, which ships the coasts of the world (110 MB): run `pip install "
                         "'mmsight[land]'`") from error
    return shapely.get_parts(shapely.from_wkb(Shapes.wkb(LandmaskProvider.Gshhg)))


def _read_geojson(path: Path) -> tuple[list[shapely.Geometry], rasterio.crs.CRS | None]:
    content = read_json(path)
    with reading(path, 'GeoJSON'):
        shapes = [shapely.from_geojson(json.dumps(part)) for part in _geometries(content)]
    return shapes, _crs(path, content)


def _read_shapefile(path: Path) -> tuple[list[shapely.Geometry], rasterio.crs.CRS | None]:
    check_memory(path, 12 * path.stat().st_size, 'this shapefile')
    with reading(path, 'a shapefile'), path.open('rb') as file, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of rings whose order is not that of the format
        shapes = [shapely.geometry.shape(shape) for shape in shapefile.Reader(shp=file).shapes()
                  if shape.shapeType != shapefile.NULL]
    try:
        crs = read_prj(path)
    except ValueError as error:
        raise InputError(f'{path}: {error}') from error
    return shapes, None if crs == WGS84 else crs


def _placed(path: Path, shapes: list[shapely.Geometry], crs: rasterio.crs.CRS | None) -> np.ndarray:
    """The parts of shapes, brought to longitude and latitude."""
    shapes = [part for shape in shapes for part in shapely.get_parts(shape) if not part.is_empty]
    if crs is not None:
        with reading(path, 'a land mask'):  # shapes that are as large as no Earth
            shapes = [_to_lonlat(shape, crs) for shape in shapes]
    bounds = np.array([shape.bounds for shape in shapes]).reshape(-1, 4)
    if not (np.isfinite(bounds).all() and (np.abs(bounds[:, [1, 3]]) <= 90).all() and (np.abs(bounds[:, [0, 2]]) <= 540).all()):
        stated = 'longitude and latitude, as is taken for granted' if crs is None else f'places of {crs.to_string()}'
        raise InputError(f'{path}: the coordinates of the land mask are not {stated}: transform it to WGS84, say with ogr2ogr '
                         '-t_srs EPSG:4326')
    return np.array(shapes, object)


def _crs(path: Path, content: dict) -> rasterio.crs.CRS | None:
    """The system that the member ``crs`` of older GeoJSON names; None for longitude and latitude on WGS84."""
    member = content.get('crs')
    if member is None:
        return None
    name = member.get('properties', {}).get('name') if isinstance(member, dict) and member.get('type') == 'name' else None
    name = name if isinstance(name, str) and '/' not in name else ''  # no link
    return _known(path, 'member crs', json.dumps(member), 'EPSG:4326' if name.endswith('CRS84') else name)


def _known(path: Path, what: str, said: str, name: str) -> rasterio.crs.CRS | None:
    """The system of a code or of WKT; None for longitude and latitude on WGS84."""
    try:
        if 'nadgrids' in name.lower():  # which names a file
            raise CRSError
        with raster_options():
            crs = rasterio.crs.CRS.from_user_input(name)
    except CRSError as error:
        raise InputError(f"{path}: the land mask's {what} names no coordinate reference system that is known ({said[:100]}): "
                         'transform it to WGS84, say with ogr2ogr -t_srs EPSG:4326') from error
    return None if crs == WGS84 else crs


def _geometries(content: Any) -> list[dict]:
    try:
        if content['type'] == 'FeatureCollection':
            return [feature['geometry'] for feature in content['features'] if feature['geometry']]
        return [content['geometry']] if content['type'] == 'Feature' else [content]
    except (LookupError, TypeError) as error:
        raise ValueError(f'a feature has no {error}' if isinstance(error, KeyError) else 'it holds no features') from error


def _to_lonlat(shape: shapely.Geometry, crs: rasterio.crs.CRS) -> shapely.Geometry:
    """A shape whose edges are straight in ``crs``, cut at the antimeridian."""
    left, bottom, right, top = shape.bounds
    fine = shapely.segmentize(shape, max(right - left, top - bottom, 1e-6) / PARTS)
    moved = shapely.transform(fine, lambda places: to_wgs84(crs, places))
    return cut_at_antimeridian(moved) if isinstance(moved, shapely.Polygon) else moved


def cut_at_antimeridian(polygon: shapely.Polygon) -> shapely.Geometry:
    """A polygon whose longitudes jump where it crosses the antimeridian, as RFC 7946 wants it: in parts, from -180 to 180."""
    longitude = np.array(polygon.exterior.coords)[:, 0]
    if not np.isfinite(longitude).all() or np.abs(np.diff(longitude)).max() <= 180:
        return polygon
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of the order of its corners
        return antimeridian.fix_polygon(polygon)
