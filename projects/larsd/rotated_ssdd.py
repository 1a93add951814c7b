"""SSDD with rotated boxes: VOC xml of the 2021 release."""

import math

from mmsight.annotations import read_xml, tag_number
from mmsight.box_dataset import BoxDataset, is_difficult
from mmsight.registry import DATASETS

from .boxes import check_rotated_box


@DATASETS.register_module()
class RotatedSSDDDataset(BoxDataset):
    """Rotated SSDD: ids in ``ann_file``, one xml and one image an id; ``data_prefix`` has ``img`` and ``ann``.

    Boxes are ``rotated_bndbox`` as stored, its angle in degrees clockwise turned into radians. SSDD rounds them to whole
    pixels; its corners x1 ... y4 are the same boxes, rounded again, and are not read.
    """

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`."""
        path = self.find(self.data_prefix['ann'], name, ('.xml', ), '.xml')
        img_path = self.find(self.data_prefix['img'], name)
        root = read_xml(path)
        width, height = self.tag_size(path, root, ('size/width', 'size/height'), img_path)
        instances: list[dict] = []
        for number, item in enumerate(root.iter('object'), 1):
            label = self.voc_label(path, item, number)
            with self.notes.one_box():
                parts = ('cx', 'cy', 'w', 'h', 'theta')
                box = [tag_number(path, item, f'rotated_bndbox/rotated_bbox_{part}') for part in parts]
                check_rotated_box(box, width, height, f'{path}: object {number}', degrees=True)
                box[4] = math.radians(box[4])
                instances.append(dict(bbox=box, bbox_label=label, ignore_flag=is_difficult(item)))
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)
