"""GeoPackage (OGC 12-128r18), which is a database of SQLite: layers of shapes with their style for QGIS."""

import datetime
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from mmsight.apis.georeference import WGS84
from mmsight.errors import InputError, OutputError
from mmsight.files import complete_file
from mmsight.memory import check_memory
from mmsight.reading import reading

_SCHEMA = '''
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
    description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
    srs_id INTEGER REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents (table_name),
    column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL
    REFERENCES gpkg_spatial_ref_sys (srs_id), z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT,
    f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
    description TEXT, owner TEXT, ui TEXT, update_time DATETIME);
'''
PIXELS = -1
"""The undefined Cartesian system."""
DEGREES = 4326
_ALONE = 'mode=ro&immutable=1'
"""Neither is a file beside the database read, nor a lock made."""
_ENVELOPES = {0: 0, 1: 4, 2: 6, 3: 6, 4: 8}
"""What the header of a shape says of its envelope, to how many numbers that has."""


class Layer(NamedTuple):
    """Shapes of one kind, and what is known of each.

    Attributes:
        name (str): Of the table.
        kind (str): Of the shapes, e.g. ``'MULTIPOLYGON'``.
        shapes (Sequence[shapely.Geometry | None]): One a row.
        columns (Mapping[str, str]): Name of a column to its type, ``'TEXT'``, ``'REAL'``, ``'INTEGER'`` or ``'BOOLEAN'``.
        rows (Sequence[Mapping[str, Any]]): Values of these columns; None where unknown.
        style (str): For QGIS, see :mod:`mmsight.apis.qgis_style`.
    """

    name: str
    kind: str
    shapes: Sequence[shapely.Geometry | None]
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    style: str


def write_geopackage(layers: Sequence[Layer], system: int, description: str, path: Path) -> None:
    """Write layers.

    Args:
        layers (Sequence[Layer]): With names that differ.
        system (int): :data:`DEGREES`, longitude and latitude on WGS84, or :data:`PIXELS`.
        description (str): What a reader has to know.
        path (Path): The file.

    Raises:
        OutputError: If it cannot be written.
    """
    with complete_file(path) as scratch:
        try:
            with closing(sqlite3.connect(scratch)) as file, file:
                file.executescript(_SCHEMA)
                file.executemany('INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)', [
                    ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', None),
                    ('Undefined geographic', 0, 'NONE', 0, 'undefined', None),
                    ('WGS 84', DEGREES, 'EPSG', DEGREES, WGS84.to_wkt(), 'longitude and latitude in degrees')])
                now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.000Z')
                for layer in layers:
                    _write_layer(file, layer, system, description, now)
                file.execute("INSERT INTO gpkg_contents VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, NULL, "
                             'NULL, NULL, NULL, NULL)', (now, ))
        except sqlite3.Error as error:
            raise OutputError(f'{path}: the file cannot be written: {error}') from error


def _write_layer(file: sqlite3.Connection, layer: Layer, system: int, description: str, now: str) -> None:
    columns = ', '.join(f'"{name}" {kind}' for name, kind in layer.columns.items())
    file.execute(f'CREATE TABLE "{layer.name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {layer.kind}, {columns})')
    bounds = np.array([shape.bounds for shape in layer.shapes if shape is not None]).reshape(-1, 4)
    box = [*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist()] if len(bounds) else [None] * 4
    file.execute('INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                 (layer.name, 'features', layer.name, description, now, *box, system))
    file.execute('INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)', (layer.name, 'geom', layer.kind, system))
    marks = ', '.join('?' * (len(layer.columns) + 1))
    names = ', '.join(f'"{name}"' for name in layer.columns)
    file.executemany(f'INSERT INTO "{layer.name}" (geom, {names}) VALUES ({marks})', [
        (None if shape is None else _to_blob(shape, system), *(row[name] for name in layer.columns))
        for shape, row in zip(layer.shapes, layer.rows, strict=True)])
    file.execute('INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, '
                 "styleQML, useAsDefault, update_time) VALUES ('', '', ?, 'geom', ?, ?, 1, ?)",
                 (layer.name, layer.name, layer.style, now))


def _to_blob(shape: shapely.Geometry, system: int) -> bytes:
    """GeoPackage's header, little-endian with an envelope, before well-known binary."""
    left, bottom, right, top = shape.bounds
    return b'GP\0\x03' + struct.pack('<i4d', system, left, right, bottom, top) + shapely.to_wkb(shape, byte_order=1)


def is_geopackage(start: bytes) -> bool:
    """Whether a file that begins so is a database of SQLite."""
    return start.startswith(b'SQLite format 3\0')


def read_geopackage(path: Path) -> list[tuple[list[shapely.Geometry], str]]:
    """The shapes of all layers, and the system of each: an authority's code, WKT, or nothing where it is undefined.

    Only tables are read: a view or a virtual table is a program.

    Raises:
        InputError: If it cannot be read, or has no layer of shapes.
    """
    check_memory(path, 5 * path.stat().st_size, 'this GeoPackage')
    found = []
    with reading(path, 'a GeoPackage'), closing(sqlite3.connect(f'{path.resolve().as_uri()}?{_ALONE}', uri=True)) as file:
        file.execute('PRAGMA trusted_schema = OFF')
        tables = {name for name, in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE "
                                                 "'CREATE TABLE%'")}
        if not {'gpkg_geometry_columns', 'gpkg_spatial_ref_sys'} <= tables:
            raise InputError(f'{path}: the database is no GeoPackage, which has a table of its layers')
        layers = file.execute('SELECT table_name, column_name, srs_id, organization, organization_coordsys_id, definition '
                              'FROM gpkg_geometry_columns JOIN gpkg_spatial_ref_sys USING (srs_id)')
        for table, column, system, organization, code, definition in layers.fetchall():
            if table not in tables:
                raise InputError(f"{path}: its layer '{table}' is no table: copy the GeoPackage, say with ogr2ogr")
            name, place = (str(part).replace('"', '""') for part in (table, column))
            blobs = file.execute(f'SELECT "{place}" FROM "{name}" WHERE "{place}" IS NOT NULL').fetchall()
            said = '' if system in (0, PIXELS) else f'EPSG:{code}' if str(organization).upper() == 'EPSG' else str(definition)
            found.append(([_from_blob(blob) for blob, in blobs], said))
    if not found:
        raise InputError(f'{path}: the GeoPackage has no layer of shapes')
    return found


def _from_blob(blob: Any) -> shapely.Geometry:
    envelope = _ENVELOPES.get(blob[3] >> 1 & 7) if isinstance(blob, bytes) and blob[:2] == b'GP' and len(blob) > 8 else None
    if envelope is None:
        raise ValueError('a shape has no header of GeoPackage')
    return shapely.from_wkb(blob[8 + 8 * envelope:])
