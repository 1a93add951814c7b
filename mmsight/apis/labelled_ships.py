"""Images with labelled ships, as figures show them."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from mmsight.apis.scene import read_8_bits
from mmsight.rotated_iou import corners, from_upright

STYLES: dict[str, dict[str, Any]] = {
    'labelled ship': dict(edgecolor='#70e000'), 'other vessel': dict(edgecolor='#dddddd', linestyle=':'),
    'found': dict(edgecolor='#4cc9f0'), 'missed': dict(edgecolor='#ffd60a', linestyle='--'),
    'false alarm': dict(edgecolor='#ff3355')}
"""Of boxes. What is missed is also apart by its line."""


class Labelled(NamedTuple):
    """An image: its file, its size (w, h), its ships (n, 5) and vessels that count neither way (m, 5).

    Boxes are those of :mod:`mmsight.rotated_iou`, in pixels. Where bow and stern are labelled, the angle is the heading.
    """

    path: Path
    size: tuple[int, int]
    ships: np.ndarray
    ignored: np.ndarray


def read_labelled(data: Any) -> dict[str, Labelled]:
    """Id to image of a data set of mmdet, whose boxes are upright or rotated ones."""
    found = {}
    for index in range(len(data)):
        entry = data.get_data_info(index)
        parts = [[ship['bbox'] for ship in entry['instances'] if bool(ship['ignore_flag']) == ignored]
                 for ignored in (False, True)]
        found[entry['img_id']] = Labelled(
            Path(entry['img_path']), (entry['width'], entry['height']),
            *(from_upright(np.array(boxes, dtype=float)) if boxes else np.zeros((0, 5)) for boxes in parts))
    return found


def show(axes: Axes, image: Labelled) -> None:
    """Draw the picture in grey, on which outlines stand out, without ticks."""
    width, height = image.size
    axes.imshow(read_8_bits(image.path, grey=True), cmap='gray', vmin=0, vmax=255, extent=(0, width, height, 0))
    axes.set(xticks=[], yticks=[])


def outline(axes: Axes, boxes: np.ndarray, **style: Any) -> None:
    """Draw boxes (n, 5), e.g. in one of :data:`STYLES`."""
    for points in corners(boxes):
        axes.add_patch(Polygon(points, **{'fill': False, 'linewidth': 1.4, **style}))
