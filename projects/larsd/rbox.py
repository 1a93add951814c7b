"""``.rbox`` files of DrBox: radar chips of GF-3 and other sets."""

import math
from pathlib import Path

from mmsight.annotations import read_fields, to_numbers
from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS

from .boxes import check_rotated_box
from .rotated_dataset import RotatedShipDataset


@DATASETS.register_module()
class RBoxDataset(RotatedShipDataset):
    """``ann_file`` has lines ``image image.rbox``; an rbox file has lines ``cx cy length width class angle``.

    ``data_prefix`` has ``img``, the folder of both. The angle is stored in degrees counter-clockwise with y up, which is
    clockwise with y down after a change of sign. Classes count from 1.
    """

    def names(self) -> list[str]:
        """Image files of ``ann_file``."""
        if not Path(self.ann_file).is_file():
            raise InputError(f'{self.ann_file}: the split file does not exist')
        rows = list(read_fields(self.ann_file))
        if not rows:
            raise InputError(f'{self.ann_file}: the split is empty')
        for where, fields in rows:
            if len(fields) != 2:
                raise InputError(f"{where}: an image and its rbox file are expected, found '{' '.join(fields)}'")
            if fields[1] != f'{fields[0]}.rbox':
                raise InputError(f"{where}: '{fields[1]}' is not the rbox file of '{fields[0]}'")
        return [fields[0] for _, fields in rows]

    def entry(self, name: str) -> dict:
        """See :class:`RotatedShipDataset`."""
        img_path = Path(self.data_prefix['img']) / name
        width, height = image_size(img_path)
        classes = self.metainfo['classes']
        instances = []
        for where, fields in read_fields(f'{img_path}.rbox'):
            if len(fields) != 6:
                raise InputError(f'{where}: 6 numbers (cx cy length width class angle) are expected, found {len(fields)}: '
                                 f"'{' '.join(fields)}'")
            cx, cy, length, breadth, label, angle = to_numbers(fields, where)
            if label - 1 not in range(len(classes)):
                raise InputError(f"{where}: the class '{fields[4]}' is unknown; {len(classes)} are known, counted from 1")
            box = [cx, cy, length, breadth, angle]
            check_rotated_box(box, width, height, where, degrees=True)
            box[4] = -math.radians(angle)
            instances.append(dict(bbox=box, bbox_label=int(label) - 1, ignore_flag=0))
        return dict(img_id=Path(name).stem, img_path=str(img_path), width=width, height=height, instances=instances)
