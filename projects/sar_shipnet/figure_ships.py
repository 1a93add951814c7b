"""The images and ships of SSDD that figures show."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .ssdd import SSDDDataset

WHOLE = 1000
"""Side in pixels of a tile that holds every image of SSDD: it goes through the network as the config tests it."""


class Labelled(NamedTuple):
    """An image: its file, its size (w, h) in pixels, and its ships (n, 4), x1, y1, x2, y2 in pixels."""

    path: Path
    size: tuple[int, int]
    ships: np.ndarray


def read_images(folder: Path, split: str) -> dict[str, Labelled]:
    """Id to image of the official split ``'train'`` or ``'test'``; ships that are ignored are left out."""
    data = SSDDDataset(data_root=str(folder), ann_file=f'ImageSets/Main/{split}.txt', pipeline=[], test_mode=True,
                       data_prefix=dict(img='JPEGImages', ann='Annotations'))
    found = {}
    for index in range(len(data)):
        entry = data.get_data_info(index)
        boxes = [ship['bbox'] for ship in entry['instances'] if not ship['ignore_flag']]
        found[entry['img_id']] = Labelled(Path(entry['img_path']), (entry['width'], entry['height']),
                                          np.array(boxes, dtype=float).reshape(-1, 4))
    return found
