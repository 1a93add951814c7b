"""SSDD: VOC xml of the 2017 and of the 2021 release."""

from mmsight.annotations import read_xml, tag_number
from mmsight.box_dataset import BoxDataset, is_difficult
from mmsight.registry import DATASETS

from .boxes import fit_box


@DATASETS.register_module()
class SSDDDataset(BoxDataset):
    """SSDD in its VOC layout: ids in ``ann_file``, one xml and one image an id.

    Boxes are the upright ``bndbox`` in pixels, as stored. ``data_prefix`` has ``img`` and ``ann``. Works for any VOC-like set
    with other ``metainfo['classes']``. Objects that are ``difficult`` are ignored.
    """

    METAINFO = dict(BoxDataset.METAINFO, gsd=(1, 15), image_side=500)

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
                box = [tag_number(path, item, f'bndbox/{side}') for side in ('xmin', 'ymin', 'xmax', 'ymax')]
                box = fit_box(box, width, height, f'{path}: object {number}', self.notes)
                instances.append(dict(bbox=box, bbox_label=label, ignore_flag=is_difficult(item)))
        return dict(img_id=name, img_path=img_path, width=width, height=height, instances=instances)
