"""The images and ships that figures show: harbours, labelled by bow and stern, and rotated SSDD."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from mmsight.apis.scene import read_8_bits
from mmsight.errors import InputError
from mmsight.rotated_iou import corners

from .bow_stern import BowSternDataset
from .rotated_ssdd import RotatedSSDDDataset

SPLITS = {'optical_inshore': ('train', 'validate'), 'ssdd': ('train', 'test')}
"""Folder of a data set to its splits; the last one is for tests."""


class Labelled(NamedTuple):
    """An image: its file, its size (w, h), its ships (n, 5) and vessels that count neither way (m, 5).

    Boxes are those of :mod:`mmsight.rotated_iou`; of harbours the angle is the heading, from stern to bow.
    """

    path: Path
    size: tuple[int, int]
    ships: np.ndarray
    ignored: np.ndarray


def read_images(folder: Path, split: str) -> dict[str, Labelled]:
    """Id to image of a split of a data set, which the folder's name says.

    Raises:
        InputError: If the folder is that of another data set.
    """
    common: dict[str, Any] = dict(data_root=str(folder), pipeline=[], test_mode=True)
    if folder.name == 'optical_inshore':
        data: Any = BowSternDataset(data_prefix=dict(img=split), **common)
    elif folder.name == 'ssdd':
        data = RotatedSSDDDataset(ann_file=f'ImageSets/Main/{split}.txt',
                                  data_prefix=dict(img='JPEGImages', ann='Annotations'), **common)
    else:
        raise InputError(f"figures read the data sets {', '.join(SPLITS)}, found '{folder.name}'")
    found = {}
    for index in range(len(data)):
        entry = data.get_data_info(index)
        parts = [[ship['bbox'] for ship in entry['instances'] if bool(ship['ignore_flag']) == ignored]
                 for ignored in (False, True)]
        found[entry['img_id']] = Labelled(Path(entry['img_path']), (entry['width'], entry['height']),
                                          *(np.array(boxes, dtype=float).reshape(-1, 5) for boxes in parts))
    return found


def show(axes: Axes, image: Labelled) -> None:
    """Draw the picture in grey, on which outlines stand out, without ticks."""
    width, height = image.size
    axes.imshow(read_8_bits(image.path, grey=True), cmap='gray', vmin=0, vmax=255, extent=(0, width, height, 0))
    axes.set(xticks=[], yticks=[])


def outline(axes: Axes, boxes: np.ndarray, **style: Any) -> None:
    """Draw boxes (n, 5)."""
    for points in corners(boxes):
        axes.add_patch(Polygon(points, **{'fill': False, 'linewidth': 1.4, **style}))
