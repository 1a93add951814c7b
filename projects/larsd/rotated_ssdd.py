"""SSDD with rotated boxes: VOC xml of the 2021 release."""

import math
from pathlib import Path

from mmsight.annotations import read_xml, tag_number, tag_pixels, tag_text
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import check_rotated_box
from .rotated_dataset import RotatedShipDataset


@DATASETS.register_module()
class RotatedSSDDDataset(RotatedShipDataset):
    """Rotated SSDD: ids in ``ann_file``, one xml and one jpg an id; ``data_prefix`` has ``img`` and ``ann``.

    Boxes are ``rotated_bndbox`` as stored, its angle in degrees clockwise turned into radians. SSDD rounds them to whole
    pixels; its corners x1 ... y4 are the same boxes, rounded again, and are not read.
    """

    def entry(self, name: str) -> dict:
        """See :class:`RotatedShipDataset`."""
        path = Path(self.data_prefix['ann']) / f'{name}.xml'
        root = read_xml(path)
        width, height = (tag_pixels(path, root, f'size/{side}') for side in ('width', 'height'))
        classes = self.metainfo['classes']
        instances = []
        for number, item in enumerate(root.iter('object'), 1):
            kind = tag_text(path, item, 'name').strip()
            if kind not in classes:
                raise InputError(f"{path}: object {number} is of the unknown class '{kind}'; known: {', '.join(classes)}")
            box = [tag_number(path, item, f'rotated_bndbox/rotated_bbox_{part}') for part in ('cx', 'cy', 'w', 'h', 'theta')]
            check_rotated_box(box, width, height, f'{path}: object {number}', degrees=True)
            box[4] = math.radians(box[4])
            instances.append(dict(bbox=box, bbox_label=classes.index(kind),
                                  ignore_flag=int(item.findtext('difficult', '0').strip() == '1')))
        img_path = str(Path(self.data_prefix['img']) / f'{name}.jpg')
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)
