"""The task of every detector of ships. A project takes it over with a model and an example of its own."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from mmsight.errors import InputError
from mmsight.files import IMAGES, PRODUCT, RASTERS
from mmsight.tasks import Export, Network, Option, Shown, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

THRESHOLD = 0.3
"""Lowest score of a ship where the model states none, as in mmdet's inferencer."""
FORMATS = ('geojson', 'csv', 'coco', 'html', 'gpkg', 'kml', 'cog')
"""What :mod:`mmsight.apis.scene_files` can write beside the preview and the report."""
USUAL = FORMATS[:4]
COLUMNS = ('id', 'score', 'x', 'y', 'longitude', 'latitude', 'length_m', 'width_m', 'heading_deg', 'heading_probability')
"""Columns of the web page's table."""


def as_band(text: str) -> int | str:
    """A band as users name it: a number, or a polarisation."""
    return int(text) if text.isdecimal() else text


def doubts(found: dict) -> list[str]:
    """Warnings on a scene, with a sentence on each tile that failed."""
    return [*found['warnings'], *(f"the tile of {tile['width']} x {tile['height']} pixels at x {tile['x']}, y {tile['y']} "
                                  f"failed: {tile['reason']}" for tile in found['failed_tiles'])]


def show(found: dict) -> Shown:
    """Say how many ships a scene holds, and which tiles failed."""
    failed, text = found['failed_tiles'], f"{found['source']}: {found['ships']} ship{'s' * (found['ships'] != 1)}"
    if failed:
        text += (f'; {len(failed)} tiles failed, and their ships are missing: run the same again, which tries these tiles '
                 'again')
    return Shown(text, found.get('files', {}), doubts(found), found['notes'],
                 [[ship[name] for name in COLUMNS] for ship in found['detections']], COLUMNS, status=int(bool(failed)))


def export(model: Any, image: Tensor) -> dict[str, Tensor]:
    """The maps of a single-stage detector's head, named as its ``predict_by_feat`` takes them; levels are numbered."""
    if not hasattr(model, 'bbox_head'):
        raise InputError(f'{type(model).__name__} is not a single-stage detector; no other detector can be exported')
    maps = model.bbox_head(model.extract_feat(image))
    names = inspect.signature(model.bbox_head.predict_by_feat).parameters
    found: dict[str, Tensor] = {}
    for name, value in zip(names, maps, strict=False):
        levels = {f'{name}_{level}': part for level, part in enumerate(value)} if isinstance(value, (list, tuple)) else {
            name: value}
        found.update(levels)
    return found


def replace_network(model: Any, run: Callable[[Tensor], dict[str, Tensor]]) -> None:
    """Let the head of a single-stage detector return the maps of :func:`export` that ``run(image)`` gives."""
    names = list(inspect.signature(model.bbox_head.predict_by_feat).parameters)

    def forward(image: Tensor) -> tuple:
        found = run(image)
        levels = {name: [found[key] for key in found if key.rpartition('_')[::2] == (name, key.rpartition('_')[2])
                         and key.rpartition('_')[2].isdigit()] for name in names}
        return tuple(levels[name] or found[name] for name in names if levels[name] or name in found)

    model.extract_feat, model.bbox_head.forward = (lambda image: image), forward


def draw_sample(item: dict) -> np.ndarray:
    """An image with its ships in red."""
    import cv2
    import numpy as np
    from mmdet.structures.bbox import get_box_tensor

    from mmsight.rotated_iou import corners, from_upright
    picture = np.ascontiguousarray(item['inputs'].permute(1, 2, 0).numpy()[..., ::-1])  # hosts read BGR
    boxes = from_upright(get_box_tensor(item['data_samples'].gt_instances.bboxes).double().numpy())
    outlines = corners(boxes).round().astype(np.int32)
    cv2.polylines(picture, list(map(np.ascontiguousarray, outlines)), True, (255, 64, 64), 1, cv2.LINE_AA)
    return picture


DETECT = Task(
    name='detect',
    title='Detect ships',
    summary='find ships in images and whole scenes',
    inputs=dict(INPUT='images, GeoTIFF scenes, products of Sentinel-1 (.SAFE or its .zip)'),
    suffixes=(*dict.fromkeys((*IMAGES, *RASTERS)), PRODUCT, '.zip'),
    options=(
        Option('threshold', f"lowest score of a ship; by default that of the model, or {THRESHOLD}", None, float,
               'SCORE', page=(0, 1, 0.01), within=(0, 1)),
        Option('tile', 'side of a tile in pixels of the scene', None, int, 'SIDE', positive=True),
        Option('overlap', 'overlap of tiles; by default the longest ship (450 m) and what the network sees around it', None,
               int, 'PIXELS', within=(0, math.inf)),
        Option('scale', 'factor by which a scene is enlarged; by default that of the training images', None,
               float, 'FACTOR', page=(0, 4, 0.25), positive=True),
        Option('gsd', 'size of a pixel where the file does not state it', None, float, 'METRES', positive=True),
        Option('bands', 'numbers of one or three (red, green, blue) bands, starting at 1; or a polarisation, e.g. VH', None,
               as_band, 'BAND', many=True),
        Option('stretch', 'conversion to 8 bits: none, percentile:0.5:99.5, linear:0:4000 or db:-25:0; auto is none for 8-bit '
               'files and percentile:0.5:99.5 for others', 'auto', metavar='KIND[:LOW:HIGH]'),
        Option('nodata', 'value of pixels without data', None, float, 'VALUE', finite=False),
        Option('land', 'land, on which ships are discarded: GeoJSON, a shapefile, a GeoPackage or a raster; or auto, the '
               "coasts of the world (pip install 'mmsight[land]')", metavar='FILE'),
        Option('land_buffer', 'distance from land that also counts as land', 0.0, float, 'METRES', within=(0, math.inf)),
        Option('format', f"files of the ships: {', '.join(FORMATS)}; by default {', '.join(USUAL)}", None, str, 'KIND',
               many=True, choices=FORMATS),
        Option('crops', 'write a picture of each ship', False, bool),
        Option('batch_size', 'number of tiles per batch; larger is faster on a GPU', 1, int, 'N', cost=True, positive=True),
        Option('workers', 'number of processes on CPUs that share the tiles of a scene', 1, int, 'N', cost=True,
               positive=True)),
    inferencer='mmsight.apis.detect:DetectInferencer',
    show=show,
    usage='scene.tif',
    page='html',
    reads=('Products of Sentinel-1', 'Rasters', 'Pictures', 'Land masks'),
    needs=('mmdet', 'rasterio'),
    install="pip install 'mmsight[det]'",
    export=Export(export),
    network=Network(export, replace_network),
    draw_sample=draw_sample)
