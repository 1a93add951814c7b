"""HRSID, and every other ship set in COCO json (SSDD has one too)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mmdet.datasets import CocoDataset

from mmsight.annotations import read_coco
from mmsight.errors import InputError
from mmsight.pictures import read_image
from mmsight.registry import DATASETS

from .boxes import check_box


def coco_faults(path: str | Path, classes: tuple[str, ...]) -> Iterator[str]:
    """A sentence for each fault of a COCO json: the first that :func:`mmsight.annotations.read_coco` meets, else each duplicate
    id, unknown class and unusable box.
    """
    try:
        content = read_coco(path)
    except InputError as error:
        yield str(error)
        return
    for kind in ('images', 'annotations'):
        for key, count in Counter(item['id'] for item in content[kind]).items():
            if count > 1:
                yield f"{path}: '{kind}' has the id {key} {count} times"
    names = {item['id']: item['name'] for item in content['categories']}
    images = {item['id']: item for item in content['images']}
    for item in content['annotations']:
        where = f"{path}: annotation {item['id']}"
        image = images.get(item['image_id'])
        if image is None:
            yield f"{where}: there is no image with the id {item['image_id']}"
        elif names.get(item['category_id']) not in classes:
            yield f"{where}: the class {item['category_id']} is none of {', '.join(classes)}"
        else:
            try:
                x, y, w, h = item['bbox']
                check_box([x, y, x + w, y + h], image['width'], image['height'], where)
            except (KeyError, TypeError, ValueError):
                yield f"{where}: 'bbox' must be [x, y, w, h], found {item.get('bbox')}"
            except InputError as error:
                yield str(error)


@DATASETS.register_module()
class HRSIDDataset(CocoDataset):
    """HRSID's COCO json with one class. The file is checked before it is used; the first fault is raised as InputError."""

    METAINFO = dict(classes=('ship', ), palette=[(255, 64, 64)], gsd=(0.5, 3), image_side=800)

    def load_data_list(self) -> list[dict]:
        """As mmdet's CocoDataset."""
        for fault in coco_faults(self.ann_file, self.metainfo['classes']):
            raise InputError(fault)
        return super().load_data_list()

    def iter_faults(self) -> Iterator[str | None]:
        """Check the json and every image: a sentence for each fault, None for each image without one."""
        faults = list(coco_faults(self.ann_file, self.metainfo['classes']))
        yield from faults
        if faults:
            return
        for entry in super().load_data_list():
            try:
                size = read_image(entry['img_path']).shape[1::-1]
                found = (entry['width'], entry['height'])
                yield None if size == found else f"{entry['img_path']}: is {size} (w, h), the json says {found}"
            except InputError as error:
                yield str(error)
