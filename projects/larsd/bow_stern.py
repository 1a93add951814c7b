"""Ships labelled by bow and stern: the set of harbour ships of wuf0312/ship-detection."""

import math
from typing import Any

import numpy as np

from mmsight.annotations import read_fields, to_numbers
from mmsight.box_dataset import BoxDataset
from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS

from .boxes import check_rotated_box

# Its source names 2 alone, the ships to detect; 0 to 6, 8 and 9 stand in the 72 images at hand.
CLASSES = range(10)


@DATASETS.register_module()
class BowSternDataset(BoxDataset):
    """One image and one txt an id, lines ``bow_x bow_y stern_x stern_y class mid_x mid_y xmin ymin xmax ymax``.

    ``data_prefix`` has ``img``, the folder of both. **The width is not labelled**: it is taken as length / ``aspect``, so that
    boxes are approximate, and an AP at high IoU means little. The angle is the heading over the full circle, from stern to bow.
    The upright box is not read: it stands some pixels, or at some lines far, off the ship.

    Args:
        ship_class (int): The class to detect. The other classes are unnamed vessels: ignored, since they are neither such
            ships nor background.
        aspect (float): Length over width of all ships. Defaults to 8.8.
    """

    def __init__(self, *args: Any, ship_class: int = 2, aspect: float = 8.8, **kwargs: Any) -> None:
        self.ship_class, self.aspect = ship_class, aspect
        super().__init__(*args, **kwargs)

    def names(self) -> list[str]:
        """Ids of ``ann_file``, or of all txt files."""
        if self.ann_file:
            return super().names()
        return self.ids_of(self.data_prefix['img'], '.txt')

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`."""
        img_path = self.find(self.data_prefix['img'], name)
        width, height = image_size(img_path)
        instances: list[dict] = []
        for where, fields in read_fields(self.find(self.data_prefix['img'], name, ('.txt', ), '.txt')):
            kind = self.numbered(fields[4], where, CLASSES) if len(fields) == 11 else 0
            with self.notes.one_box():
                if len(fields) != 11:
                    raise InputError(f'{where}: 11 numbers (bow x y, stern x y, class, middle x y, box x1 y1 x2 y2) are '
                                     f"expected, found {len(fields)}: '{' '.join(fields)}'")
                values = to_numbers(fields, where)
                bow, stern = np.array(values[:2]), np.array(values[2:4])
                length = float(np.hypot(*(bow - stern)))
                if length == 0:
                    raise InputError(f'{where}: bow and stern are the same point ({bow[0]:g}, {bow[1]:g})')
                middle = (bow + stern) / 2
                box = [*middle.tolist(), length, length / self.aspect, math.atan2(*(bow - stern)[::-1])]
                check_rotated_box(box, width, height, where)
                instances.append(dict(bbox=box, bbox_label=0, ignore_flag=int(kind != self.ship_class)))
                off = float(np.hypot(*(middle - values[5:7])))
                if off > 10:
                    self.notes.append(f'{where}: the labelled middle is {off:.0f} pixels off the middle of bow and stern; '
                                      'these are taken')
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)
