"""Folders in DOTA's format: HRSD and other sets of large images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from mmsight.annotations import read_fields, to_numbers
from mmsight.box_dataset import BoxDataset
from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS

from .boxes import check_rotated_box, fit_rotated_box


@DATASETS.register_module()
class DOTAShipDataset(BoxDataset):
    """DOTA's layout: one txt an image with lines ``x1 y1 x2 y2 x3 y3 x4 y4 class [difficult]``, with spaces or commas.

    ``data_prefix`` has ``img`` and ``ann``; without ``ann_file`` every txt of the folder is an image's. Lines
    ``imagesource:`` and ``gsd:`` may come first. The box is the smallest one around the quadrilateral.

    Args:
        skip_classes (Sequence[str]): Classes of the files that are not to be detected, such as ``('harbor', )``. Any other
            class that ``metainfo['classes']`` does not list is an error.
        diff_thr (int): More difficult objects are ignored in training and evaluation: by default, those of difficulty 2, of
            which the border of a tile has cut off the most (see :func:`.ships_of_tile`).
    """

    IMG_SUFFIX = '.png'

    def __init__(self, *args: Any, skip_classes: Sequence[str] = (), diff_thr: int = 1,
                 **kwargs: Any) -> None:
        self.skip_classes, self.diff_thr = tuple(skip_classes), diff_thr
        super().__init__(*args, **kwargs)

    def names(self) -> list[str]:
        """Ids of ``ann_file``, or of all txt files."""
        if self.ann_file:
            return super().names()
        return self.ids_of(self.data_prefix['ann'], '.txt')

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`."""
        img_path = self.find(self.data_prefix['img'], name)
        width, height = image_size(img_path)
        classes = self.metainfo['classes']
        instances: list[dict] = []
        for where, fields in read_fields(self.find(self.data_prefix['ann'], name, ('.txt', ), '.txt')):
            if fields[0].lower().startswith(('imagesource:', 'gsd:')):
                continue
            if len(fields) == 1:
                fields = fields[0].split(',')
            rest = fields[8:]
            difficult = [rest.pop()] if len(rest) > 1 and rest[-1].isdecimal() else []
            # a name of several words, but none of numbers
            kind = None if not rest or any(map(_is_number, rest)) else ' '.join(rest)
            if kind in self.skip_classes:
                continue
            if kind is not None and kind not in classes:
                raise InputError(f"{where}: the class '{kind}' is unknown; known: {', '.join(classes)}; "
                                 'list it in skip_classes if it is not to be detected')
            with self.notes.one_box():
                if kind is None:
                    raise InputError(f'{where}: 9 or 10 fields (x1 y1 x2 y2 x3 y3 x4 y4 class difficult) are expected, found '
                                     f"{len(fields)}: '{' '.join(fields)}'")
                box = parse_quadrilateral(to_numbers(fields[:8], where), where)
                check_rotated_box(box, width, height, where)
                ignored = (to_numbers(difficult, where) or [0])[0] > self.diff_thr
                instances.append(dict(bbox=box, bbox_label=classes.index(kind), ignore_flag=int(ignored)))
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def parse_quadrilateral(values: list[float], where: str) -> list[float]:
    """The smallest rotated box around a quadrilateral x1 ... y4; InputError if it is not finite, flat or crosses itself."""
    points = np.reshape(values, (4, 2))
    shown = '[' + ', '.join(f'{value:g}' for value in values) + ']'
    if not np.isfinite(points).all():
        raise InputError(f'{where}: the quadrilateral {shown} is not finite')
    outline = shapely.Polygon(points)
    if outline.area == 0 and np.linalg.matrix_rank(points - points[0]) < 2:
        raise InputError(f'{where}: the quadrilateral {shown} has no area')
    if not outline.is_valid:
        raise InputError(f'{where}: the quadrilateral {shown} crosses itself: put its corners in order around it')
    return fit_rotated_box(points)
