"""Ships labelled by bow and stern: the set of harbour ships of wuf0312/ship-detection."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmsight.annotations import read_fields, to_numbers
from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS

from .boxes import check_rotated_box
from .rotated_dataset import RotatedShipDataset

# Its source names 2 alone, the ships to detect; 0 to 6, 8 and 9 stand in the 72 images at hand.
CLASSES = range(10)


@DATASETS.register_module()
class BowSternDataset(RotatedShipDataset):
    """One jpg and one txt an image, lines ``bow_x bow_y stern_x stern_y class mid_x mid_y xmin ymin xmax ymax``.

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
        names = sorted(path.stem for path in Path(self.data_prefix['img']).glob('*.txt'))
        if not names:
            raise InputError(f"{self.data_prefix['img']}: there is no txt file in this folder")
        return names

    def entry(self, name: str) -> dict:
        """See :class:`RotatedShipDataset`."""
        stem = Path(self.data_prefix['img']) / name
        width, height = image_size(f'{stem}.jpg')
        instances = []
        for where, values in self._lines(f'{stem}.txt'):
            bow, stern = np.array(values[:2]), np.array(values[2:4])
            length = float(np.hypot(*(bow - stern)))
            if length == 0:
                raise InputError(f'{where}: bow and stern are the same point ({bow[0]:g}, {bow[1]:g})')
            box = [*((bow + stern) / 2).tolist(), length, length / self.aspect, math.atan2(*(bow - stern)[::-1])]
            check_rotated_box(box, width, height, where)
            instances.append(dict(bbox=box, bbox_label=0, ignore_flag=int(values[4] != self.ship_class)))
        return dict(img_id=name, img_path=f'{stem}.jpg', width=width, height=height, instances=instances)

    @staticmethod
    def _lines(path: str) -> Iterator[tuple[str, list[float]]]:
        for where, fields in read_fields(path):
            if len(fields) != 11:
                raise InputError(f'{where}: 11 numbers (bow x y, stern x y, class, middle x y, box x1 y1 x2 y2) are expected, '
                                 f"found {len(fields)}: '{' '.join(fields)}'")
            values = to_numbers(fields, where)
            if values[4] not in CLASSES:
                raise InputError(f"{where}: the class '{fields[4]}' is unknown; known are {CLASSES[0]} to {CLASSES[-1]}")
            yield where, values

    def iter_faults(self) -> Iterator[str | None]:
        """As of the other readers, and a sentence for each ship whose labelled middle is over 10 pixels off its own."""
        yield from super().iter_faults()
        for name in self.names():
            try:
                for where, values in self._lines(str(Path(self.data_prefix['img']) / f'{name}.txt')):
                    middle = (np.array(values[:2]) + values[2:4]) / 2
                    off = float(np.hypot(*(middle - values[5:7])))
                    if off > 10:
                        yield f'{where}: the labelled middle is {off:.0f} pixels off the middle of bow and stern'
            except InputError:
                continue  # said above
