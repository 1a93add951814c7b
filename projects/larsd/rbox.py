"""``.rbox`` files of DrBox: radar chips of GF-3 and other sets."""

import math
from pathlib import Path

from mmsight.annotations import read_fields, to_numbers
from mmsight.box_dataset import BoxDataset
from mmsight.errors import InputError
from mmsight.pictures import image_size
from mmsight.registry import DATASETS

from .boxes import check_rotated_box


@DATASETS.register_module()
class RBoxDataset(BoxDataset):
    """``ann_file`` has lines ``image image.rbox``; an rbox file has lines ``cx cy length width class angle``.

    ``data_prefix`` has ``img``, the folder of both. The angle is stored in degrees counter-clockwise with y up, which is
    clockwise with y down after a change of sign. Classes count from 1.
    """

    def names(self) -> list[str]:
        """Image files of ``ann_file``."""
        if not Path(self.ann_file).is_file():
            raise InputError(f'{self.ann_file}: the split file does not exist: put the data set there, or let MMSIGHT_DATA '
                             'name the folder that holds it')
        rows = list(read_fields(self.ann_file))
        if not rows:
            raise InputError(f'{self.ann_file}: the split is empty')
        names = []
        for where, fields in rows:
            if len(fields) % 2:  # names may hold spaces
                raise InputError(f"{where}: an image and its rbox file are expected, found '{' '.join(fields)}'")
            image, rbox = ' '.join(fields[:len(fields) // 2]), ' '.join(fields[len(fields) // 2:])
            if rbox != f'{image}.rbox':
                raise InputError(f"{where}: '{rbox}' is not the rbox file of '{image}'")
            names.append(image)
        return names

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`."""
        img_path = Path(self.data_prefix['img']) / name
        width, height = image_size(img_path)
        known = range(1, len(self.metainfo['classes']) + 1)
        instances: list[dict] = []
        for where, fields in read_fields(f'{img_path}.rbox'):
            label = self.numbered(fields[4], where, known) if len(fields) == 6 else 1
            with self.notes.one_box():
                if len(fields) != 6:
                    raise InputError(f'{where}: 6 numbers (cx cy length width class angle) are expected, found {len(fields)}: '
                                     f"'{' '.join(fields)}'")
                *sides, _, angle = to_numbers(fields, where)
                box = [*sides, angle]
                check_rotated_box(box, width, height, where, degrees=True)
                box[4] = -math.radians(angle)
                instances.append(dict(bbox=box, bbox_label=label - 1, ignore_flag=0))
        return dict(img_id=Path(name).stem, img_path=str(img_path), width=width, height=height, instances=instances)
