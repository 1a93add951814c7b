"""COCO-like json whose boxes have an angle."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from mmsight.annotations import read_coco
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import check_rotated_box
from .rotated_dataset import RotatedShipDataset


@DATASETS.register_module()
class RotatedCocoDataset(RotatedShipDataset):
    """COCO json with ``bbox`` [cx, cy, w, h, angle], the angle in degrees clockwise; ``data_prefix`` has ``img``.

    Categories are found by name in ``metainfo['classes']``; ``iscrowd`` objects are ignored.
    """

    def load_data_list(self) -> list[dict]:
        """One entry an image of the json."""
        self._read()
        return super().load_data_list()

    def iter_faults(self) -> Iterator[str | None]:
        """See :class:`RotatedShipDataset`."""
        self._read()
        yield from super().iter_faults()

    def _read(self) -> None:
        """Index the json by image.

        Raises:
            InputError: See :func:`mmsight.annotations.read_coco`; or if it has one image twice, or an object of none.
        """
        path = self.ann_file
        content = read_coco(path)
        for key in ('id', 'file_name'):
            name, count = Counter(item[key] for item in content['images']).most_common(1)[0]
            if count > 1:
                raise InputError(f"{path}: 'images' has the {key} {name} {count} times")
        self._images = {item['file_name']: item for item in content['images']}
        self._classes = {item['id']: item['name'] for item in content['categories']}
        self._objects = defaultdict(list)
        known = {item['id'] for item in content['images']}
        for item in content['annotations']:
            if item['image_id'] not in known:
                raise InputError(f"{path}: annotation {item['id']}: there is no image with the id {item['image_id']}")
            self._objects[item['image_id']].append(item)

    def names(self) -> list[str]:
        """File names of the images."""
        return list(self._images)

    def entry(self, name: str) -> dict:
        """See :class:`RotatedShipDataset`."""
        image, classes = self._images[name], self.metainfo['classes']
        instances = []
        for item in self._objects[image['id']]:
            where = f"{self.ann_file}: annotation {item['id']}"
            kind = self._classes.get(item['category_id'])
            if kind not in classes:
                raise InputError(f"{where}: the class {item['category_id']} ('{kind}') is none of {', '.join(classes)}")
            box = item.get('bbox')
            if not isinstance(box, list) or len(box) != 5 or not all(isinstance(value, (int, float)) for value in box):
                raise InputError(f"{where}: 'bbox' must be [cx, cy, w, h, angle], found {box}")
            check_rotated_box(box, image['width'], image['height'], where, degrees=True)
            box = [*map(float, box[:4]), math.radians(box[4])]
            instances.append(dict(bbox=box, bbox_label=classes.index(kind), ignore_flag=int(item.get('iscrowd', 0))))
        return dict(img_id=image['id'], img_path=str(Path(self.data_prefix['img']) / name), width=image['width'],
                    height=image['height'], instances=instances)
