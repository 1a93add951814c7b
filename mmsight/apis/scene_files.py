"""What is shown and written of a scene's ships: the picture, and a file of each kind."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmsight.apis.base_inferencer import write_picture
from mmsight.apis.kml import write_kml
from mmsight.apis.scene import Scene, to_rgb
from mmsight.apis.scene_cog import write_cog
from mmsight.apis.scene_job import SceneJob
from mmsight.apis.scene_page import write_scene_page
from mmsight.apis.ships import surroundings, toward_bow, write_coco, write_csv, write_geojson, write_ships_geopackage
from mmsight.json_files import write_json
from mmsight.rotated_iou import corners

ENDINGS = dict(geojson='.geojson', csv='.csv', coco='_coco.json', gpkg='.gpkg', kml='.kml', cog='_scene.tif',
               html='.html', preview='_preview.jpg', report='_report.json')
"""What a file is, to what its name ends in."""
RED, ORANGE = (255, 64, 64), (255, 160, 0)


def draw(job: SceneJob, boxes: np.ndarray, bows: np.ndarray | None = None) -> np.ndarray:
    """The scene with boxes (N, 5) in red, uint8 RGB; tiles that failed are crossed out in orange.

    With ``bows`` (N, ), see :class:`mmsight.apis.scene_job.Found`, a line runs from the middle of each box to its bow.
    """
    picture = job.scene.thumbnail()
    if max(picture.shape[:2]) < 800:
        picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    factor = picture.shape[1] / job.scene.width
    for number in job.failed:
        tile = job.tiles[number]
        (x0, y0), (x1, y1) = ((round(x * factor), round(y * factor)) for x, y in (
            (tile.x, tile.y), (tile.x + tile.width, tile.y + tile.height)))
        cv2.rectangle(picture, (x0, y0), (x1, y1), ORANGE, 2)
        cv2.line(picture, (x0, y0), (x1, y1), ORANGE, 2)
        cv2.line(picture, (x0, y1), (x1, y0), ORANGE, 2)
    boxes, sure = toward_bow(boxes, bows)
    outlines = corners(boxes) * factor
    known = ~np.isnan(sure)
    lines = np.stack([boxes[known, :2] * factor, outlines[known, 1:3].mean(axis=1)], axis=1)
    for points, closed in ((outlines, True), (lines, False)):
        cv2.polylines(picture, list(map(np.ascontiguousarray, points.round().astype(np.int32))), closed, RED,
                      1 if factor == 1 else 2, cv2.LINE_AA)
    return picture


def write_results(scene: Scene, ships: Sequence[dict], report: dict, picture: np.ndarray, classes: Sequence[str],
                  formats: Sequence[str], stem: Path) -> None:
    """Write the files of a scene; its report, which lists them as ``files``, comes last.

    Args:
        scene (Scene): Where the ships are.
        ships (Sequence[dict]): See :func:`mmsight.apis.ships.describe`.
        report (dict): Counts, options, warnings.
        picture (np.ndarray): See :func:`draw`.
        classes (Sequence[str]): Names of the labels.
        formats (Sequence[str]): Those of :data:`mmsight.apis.detect_task.FORMATS` that are wanted.
        stem (Path): What all names begin with.

    Raises:
        OutputError: If one cannot be written.
    """
    rotated = report['boxes'] == 'oriented'
    writers = dict(
        geojson=lambda path: write_geojson(ships, scene, rotated, path), csv=lambda path: write_csv(ships, scene, path),
        coco=lambda path: write_coco(ships, classes, scene, path),
        gpkg=lambda path: write_ships_geopackage(ships, scene, rotated, path),
        kml=lambda path: write_kml(ships, scene.path.name, '; '.join(report['notes']), path),
        cog=lambda path: write_cog(scene, path), html=lambda path: write_scene_page(ships, scene, report, path),
        preview=lambda path: write_picture(picture, path))
    wanted = {*formats, 'preview', 'report'}
    if 'kml' in wanted and scene.georeference is None:
        wanted.remove('kml')
        scene.warnings.append(f'{scene.path.name}: it has no places on Earth, and so no KML is written')
    paths = {name: stem.with_name(stem.name + ending) for name, ending in ENDINGS.items() if name in wanted}
    for name, write in writers.items():
        if name in wanted:
            write(paths[name])
    report['files'] = {name: str(path) for name, path in paths.items()}
    write_json(paths['report'], report, indent=2)


def write_crops(scene: Scene, ships: Sequence[dict], folder: Path, wanted: bool) -> None:
    """Write a picture of each ship into a folder, in place of those of an earlier run; only remove these if none are wanted."""
    shutil.rmtree(folder, ignore_errors=True)
    if wanted:
        folder.mkdir()
        for ship in ships:
            write_picture(to_rgb(scene.read(*surroundings(scene, ship))[0]), folder / f"{ship['id']:05d}.png")
