"""SSDD: VOC xml of the 2017 and of the 2021 release."""

from collections.abc import Iterator
from pathlib import Path

from mmdet.datasets import BaseDetDataset

from mmsight.annotations import read_ids, read_xml, tag_number, tag_pixels, tag_text
from mmsight.errors import InputError
from mmsight.pictures import read_image
from mmsight.registry import DATASETS

from .boxes import check_box


def parse_voc(path: str | Path, classes: tuple[str, ...]) -> dict:
    """Parse a VOC annotation file.

    Returns:
        dict: ``width``, ``height`` and ``instances``, each with ``bbox`` [x1, y1, x2, y2] in pixels, ``bbox_label`` and
        ``ignore_flag`` (VOC's ``difficult``).

    Raises:
        InputError: If the file is missing or malformed, declares entities, lacks a tag, gives a size that is no whole number of
            pixels, names an unknown class, or holds a box that is not finite, is reversed or empty, or lies outside the image.
    """
    root = read_xml(path)
    width, height = (tag_pixels(path, root, f'size/{side}') for side in ('width', 'height'))
    instances = []
    for number, item in enumerate(root.iter('object'), 1):
        name = tag_text(path, item, 'name').strip()
        if name not in classes:
            raise InputError(f"{path}: object {number} is of the unknown class '{name}'; known: {', '.join(classes)}")
        box = [tag_number(path, item, f'bndbox/{side}') for side in ('xmin', 'ymin', 'xmax', 'ymax')]
        check_box(box, width, height, f'{path}: object {number}')
        instances.append(
            dict(bbox=box, bbox_label=classes.index(name), ignore_flag=int(item.findtext('difficult', '0') == '1')))
    return dict(width=width, height=height, instances=instances)


@DATASETS.register_module()
class SSDDDataset(BaseDetDataset):
    """SSDD in its VOC layout: ids in ``ann_file``, one xml and one image an id.

    Boxes are the upright ``bndbox`` in pixels, as stored. ``data_prefix`` has ``img`` and ``ann``. Works for any VOC-like set
    with other ``metainfo['classes']``.
    """

    METAINFO = dict(classes=('ship', ), palette=[(255, 64, 64)], gsd=(1, 15), image_side=500)

    def load_data_list(self) -> list[dict]:
        """One entry an id; see :func:`parse_voc`."""
        return [self._entry(name) for name in read_ids(self.ann_file)]

    def _entry(self, name: str) -> dict:
        annotation = parse_voc(Path(self.data_prefix['ann']) / f'{name}.xml', self.metainfo['classes'])
        return dict(annotation, img_id=name, img_path=str(Path(self.data_prefix['img']) / f'{name}.jpg'))

    def iter_faults(self) -> Iterator[str | None]:
        """Check every id, without stopping at a fault: a sentence for each fault, None for each id without one."""
        for name in read_ids(self.ann_file):
            try:
                entry = self._entry(name)
                size = read_image(entry['img_path']).shape[1::-1]
                found = (entry['width'], entry['height'])
                yield None if size == found else f"{entry['img_path']}: is {size} (w, h), its xml says {found}"
            except InputError as error:
                yield str(error)


