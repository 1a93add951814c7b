"""Ship attributes and their writers: GeoJSON, GeoPackage, CSV, COCO json."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import antimeridian
import numpy as np
import shapely
from matplotlib import colormaps

from mmsight.apis.geopackage import DEGREES, PIXELS, Layer, write_geopackage
from mmsight.apis.georeference import metres_between, wrap
from mmsight.apis.land_shapes import cut_at_antimeridian
from mmsight.apis.qgis_style import arrow_style, outline_style
from mmsight.apis.scene import Scene
from mmsight.apis.suspects import FAINTER, find_suspects
from mmsight.files import complete_file
from mmsight.json_files import write_json
from mmsight.rotated_iou import corners

FIELDS = ('id', 'image', 'category', 'score', 'longitude', 'latitude', 'x', 'y', 'length_m', 'width_m', 'heading_deg',
          'heading_probability', 'length_px', 'width_px', 'suspect_ambiguity')
NOTE_ROTATED = ('length and width are those of the oriented box; heading_deg is the direction of its long axis, clockwise from '
                'true north, modulo 180 degrees: bow and stern are not told apart')
NOTE_DIRECTED = ('length and width are those of the oriented box; heading_deg is the direction of the bow, clockwise from true '
                 'north, from 0 to 360 degrees; heading_probability, from 0.5 to 1, is that of the bow being at this end of '
                 'the box and not at the other')
NOTE_UPRIGHT = ('the model draws upright boxes: length and width are those of the box, which is larger than a ship that lies '
                'across it, and the heading is unknown')
NOTE_SUSPECT = (f'suspect_ambiguity marks a box where one that is at least {FAINTER:g} dB brighter has its first azimuth '
                'ambiguity: it may be a ghost of that ship; other ghosts, such as those of land, are not marked')
NOTE_PIXELS = 'without georeference: coordinates are pixels, x to the right and y down'


def long_axis(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the long axis and of the short one, two arrays (N, 2, 2) of points, of boxes (N, 5)."""
    centre, sizes, angle = boxes[:, :2], boxes[:, 2:4], boxes[:, 4]
    along = np.where(sizes[:, 0] >= sizes[:, 1], angle, angle + np.pi / 2)
    found = []
    for direction, size in ((along, sizes.max(axis=1)), (along + np.pi / 2, sizes.min(axis=1))):
        half = np.stack([np.cos(direction), np.sin(direction)], axis=1) * size[:, None] / 2
        found.append(np.stack([centre - half, centre + half], axis=1))
    return found[0], found[1]


def toward_bow(boxes: np.ndarray, bows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Turn boxes so that w is their length and the angle the direction of the bow.

    Args:
        boxes (np.ndarray): (N, 5).
        bows (np.ndarray, optional): (N, ), probabilities of the bow being where :func:`long_axis` ends. Boxes without one (NaN)
            stay as they are.

    Returns:
        tuple: Boxes (N, 5), the same rectangles; and the probabilities of these bows (N, ), from 0.5 to 1, or NaN.
    """
    if bows is None:
        return boxes, np.full(len(boxes), np.nan)
    cx, cy, w, h, angle = boxes.T
    angle = np.where(w >= h, angle, angle + np.pi / 2) + np.where(bows >= 0.5, 0, np.pi)
    turned = np.stack([cx, cy, np.maximum(w, h), np.minimum(w, h), angle], axis=1)
    return np.where(np.isnan(bows)[:, None], boxes, turned), np.maximum(bows, 1 - bows)


def is_directed(ships: Sequence[dict]) -> bool:
    """Whether bow and stern are told apart."""
    return any(ship['heading_probability'] is not None for ship in ships)


def describe(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, rotated: bool, classes: Sequence[str],
             scene: Scene, bows: np.ndarray | None = None) -> list[dict[str, Any]]:
    """A dictionary for each ship, with the keys of :data:`FIELDS` (None where unknown) and ``polygon``, its corners.

    Where the bow is known, the second corner and the third are those at the bow.

    Args:
        boxes (np.ndarray): (N, 5) in pixels of the scene, see :func:`mmsight.apis.tiles.corners`.
        scores (np.ndarray), labels (np.ndarray): (N, ).
        rotated (bool): The boxes are oriented ones.
        classes (Sequence[str]): Names of the labels.
        scene (Scene): Says where they lie.
        bows (np.ndarray, optional): (N, ), see :class:`mmsight.apis.scene_job.Found`.
    """
    boxes, sure = toward_bow(boxes, bows)
    axes, outline, suspects = long_axis(boxes), corners(boxes), find_suspects(boxes, scene)
    place = scene.georeference
    metres: list[np.ndarray | None] = [None, None]
    heading = lonlat = None
    ground = outline
    if place is not None and len(boxes):
        spans = [metres_between(place.to_lonlat(ends[:, 0]), place.to_lonlat(ends[:, 1])) for ends in axes]
        metres = [np.hypot(*span.T) for span in spans]
        if rotated:
            heading = np.degrees(np.arctan2(spans[0][:, 0], spans[0][:, 1])).round(1) % np.where(np.isnan(sure), 180, 360)
        lonlat = place.to_lonlat(boxes[:, :2])
        ground = place.to_lonlat(outline.reshape(-1, 2)).reshape(outline.shape)
    elif scene.gsd is not None:
        metres = [boxes[:, 2:4].max(axis=1) * scene.gsd, boxes[:, 2:4].min(axis=1) * scene.gsd]

    def value(values: np.ndarray | None, index: int, digits: int) -> float | None:
        return None if values is None or not math.isfinite(values[index]) else round(float(values[index]), digits)

    return [dict(id=i + 1, image=scene.path.name, category=classes[labels[i]], score=round(float(scores[i]), 4),
                 longitude=None if lonlat is None else value(lonlat[:, 0], i, 7),
                 latitude=None if lonlat is None else value(lonlat[:, 1], i, 7),
                 x=value(boxes[:, 0], i, 2), y=value(boxes[:, 1], i, 2), length_m=value(metres[0], i, 1),
                 width_m=value(metres[1], i, 1), heading_deg=value(heading, i, 1),
                 heading_probability=value(sure, i, 4),
                 length_px=value(boxes[:, 2:4].max(axis=1), i, 2), width_px=value(boxes[:, 2:4].min(axis=1), i, 2),
                 suspect_ambiguity=None if suspects is None else bool(suspects[i]),
                 pixels=outline[i].round(2).tolist(), polygon=ground[i].round(7 if place else 2).tolist())
            for i in range(len(boxes))]


def surroundings(scene: Scene, ship: dict) -> tuple[int, int, int, int]:
    """x, y, width and height in pixels of a ship with half its length of water around it, at least 32 pixels."""
    half = max(16, round(ship['length_px']))
    x0, y0 = max(int(ship['x']) - half, 0), max(int(ship['y']) - half, 0)
    x1, y1 = min(int(ship['x']) + half, scene.width), min(int(ship['y']) + half, scene.height)
    return x0, y0, x1 - x0, y1 - y0


def notes(scene: Scene, rotated: bool, ships: Sequence[dict]) -> list[str]:
    """What a reader of the numbers has to know; nothing on sizes and headings where there are no ships."""
    kind = NOTE_DIRECTED if is_directed(ships) else NOTE_ROTATED if rotated else NOTE_UPRIGHT
    return [*([kind] if ships else []), *([] if scene.georeference else [NOTE_PIXELS]),
            *([NOTE_SUSPECT] if scene.ambiguities else [])]


def fields(scene: Scene) -> tuple[str, ...]:
    """Those of :data:`FIELDS` that files of a scene have: ambiguities are known of some products alone."""
    return FIELDS if scene.ambiguities else FIELDS[:-1]


def write_geojson(ships: Sequence[dict], scene: Scene, rotated: bool, path: Path) -> None:
    """A polygon a ship in WGS84 (RFC 7946: cut at the antimeridian), or in pixels where there is no georeference.

    A ship that has no place on Earth, because the scene's projection has none there, has no geometry.
    """
    shapes = [shape_of(ship, scene.georeference is not None) for ship in ships]
    names = fields(scene)
    features = [dict(type='Feature', geometry=None if shape is None else json.loads(shapely.to_geojson(shape)),
                     properties={name: ship[name] for name in names}) for ship, shape in zip(ships, shapes, strict=True)]
    content = dict(type='FeatureCollection', positions='WGS84 longitude, latitude' if scene.georeference else 'pixels x, y',
                   notes=notes(scene, rotated, ships), features=features)
    write_json(path, content, indent=1)


def shape_of(ship: dict, on_earth: bool) -> shapely.Geometry | None:
    """The box of a ship: a polygon, or several where the antimeridian cuts it; None where it has no place."""
    ring = np.array(ship['polygon'])
    if not np.isfinite(ring).all():
        return None
    polygon = shapely.Polygon(ring)
    return shapely.orient_polygons(cut_at_antimeridian(polygon) if on_earth else polygon)


def axis_of(ship: dict, on_earth: bool) -> shapely.Geometry | None:
    """The long axis of a ship's box: a line, or two where the antimeridian cuts it; None where it has no place.

    It ends at the bow, where that is known.
    """
    ring, pixels = np.array(ship['polygon']), np.array(ship['pixels'])
    if not np.isfinite(ring).all():
        return None
    if on_earth:
        ring[:, 0] = wrap(ring[:, 0], ring[0, 0])
    sides = np.hypot(*(np.roll(pixels, -1, axis=0) - pixels).T)
    turned = np.roll(ring, -int(sides[1] > sides[0]), axis=0)  # the first side and the third are long ones
    start, stop = (turned[0] + turned[3]) / 2, (turned[1] + turned[2]) / 2
    if on_earth and not (np.abs([start[0], stop[0]]) <= 180).all():
        start[0], stop[0] = wrap(np.array([start[0], stop[0]]))
        return antimeridian.fix_line_string(shapely.LineString([start, stop]), great_circle=False)
    return shapely.LineString([start, stop])


def write_ships_geopackage(ships: Sequence[dict], scene: Scene, rotated: bool, path: Path) -> None:
    """A layer of boxes and, where they are oriented, one of long axes, from stern to bow where that is known, both with a style
    for QGIS.

    Raises:
        OutputError: If it cannot be written.
    """
    on_earth = scene.georeference is not None
    kinds = dict(image='TEXT', category='TEXT', id='INTEGER', suspect_ambiguity='BOOLEAN')
    columns = {name: kinds.get(name, 'REAL') for name in fields(scene)}
    directed = is_directed(ships)
    boxes, axes = ([shape_in(ship, on_earth) for ship in ships] for shape_in in (shape_of, axis_of))
    layers = [Layer('ships', 'MULTIPOLYGON', [_several(shapely.MultiPolygon, shape) for shape in boxes], columns, ships,
                    outline_style())]
    if rotated:
        layers.append(Layer('headings', 'MULTILINESTRING', [_several(shapely.MultiLineString, shape) for shape in axes],
                            columns, ships, arrow_style(directed)))
    write_geopackage(layers, DEGREES if on_earth else PIXELS, '; '.join(notes(scene, rotated, ships)), path)


def _several(kind: type, shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """A layer holds shapes of one kind, of one part or more."""
    return None if shape is None else kind(list(shapely.get_parts(shape)))


def colour(score: float) -> tuple[int, int, int]:
    """Red, green and blue for a score from 0 to 1, dark to bright."""
    red, green, blue, _ = colormaps['viridis'](float(score), bytes=True)
    return int(red), int(green), int(blue)


def write_csv(ships: Sequence[dict], scene: Scene, path: Path) -> None:
    """A line a ship, with the columns of :func:`fields`; unknown values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fields(scene), extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    writer.writerows(ships)
    with complete_file(path) as scratch:
        scratch.write_text(text.getvalue())


def write_coco(ships: Sequence[dict], classes: Sequence[str], scene: Scene, path: Path) -> None:
    """A COCO data set of one image: upright ``bbox`` and the box's corners as ``segmentation``, in pixels, with ``score``."""
    annotations = []
    for ship in ships:
        points = np.array(ship['pixels'])
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        annotations.append(dict(id=ship['id'], image_id=1, category_id=list(classes).index(ship['category']) + 1, iscrowd=0,
                                bbox=[*low.round(2).tolist(), *size.round(2).tolist()], score=ship['score'],
                                area=round(ship['length_px'] * ship['width_px'], 2), segmentation=[points.ravel().tolist()]))
    content = dict(images=[dict(id=1, file_name=scene.path.name, width=scene.width, height=scene.height)],
                   annotations=annotations, categories=[dict(id=i, name=name) for i, name in enumerate(classes, 1)])
    write_json(path, content)
