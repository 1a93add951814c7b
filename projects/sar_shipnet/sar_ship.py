"""SAR-Ship-Dataset: 256x256 chips, one txt each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmdet.datasets import BaseDetDataset

from mmsight.annotations import read_fields, read_ids, to_numbers
from mmsight.errors import InputError
from mmsight.pictures import read_image
from mmsight.registry import DATASETS

from .boxes import check_box


def parse_txt(path: str | Path, width: int, height: int, classes: int) -> list[dict]:
    """Parse the txt of a chip, lines ``class cx cy w h``, normalised to [0, 1]; an empty file is an empty chip.

    Args:
        path (str | Path): The file.
        width (int): Of the chip, in pixels.
        height (int): Of the chip, in pixels.
        classes (int): Number of known classes.

    Returns:
        list[dict]: ``bbox`` [x1, y1, x2, y2] in pixels, ``bbox_label`` and ``ignore_flag``.

    Raises:
        InputError: If the file is missing, or a line has not five numbers, an unknown class or an unusable box.
    """
    instances = []
    for where, fields in read_fields(path):
        if len(fields) != 5:
            raise InputError(f"{where}: 5 fields (class cx cy w h) are expected, found {len(fields)}: '{' '.join(fields)}'")
        label, cx, cy, w, h = to_numbers(fields, where)
        if label not in range(classes):
            raise InputError(f"{where}: the class '{fields[0]}' is unknown; {classes} are known, counted from 0")
        box = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
        check_box(box, width, height, where)
        instances.append(dict(bbox=box, bbox_label=int(label), ignore_flag=0))
    return instances


@DATASETS.register_module()
class SARShipDataset(BaseDetDataset):
    """SAR-Ship-Dataset, first version (v0) or current release: ``<id>.jpg`` and ``<id>.txt`` side by side, ids in ``ann_file``.

    Args:
        size (tuple[int, int]): (w, h) of all chips; (256, 256) as published. Every image is checked against it by
            ``tools/misc/verify_dataset.py``.
    """

    METAINFO = dict(classes=('ship', ), palette=[(255, 64, 64)], gsd=(3, 25), image_side=256)

    def __init__(self, *args: Any, size: tuple[int, int] = (256, 256), **kwargs: Any) -> None:
        self.size = size
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """One entry an id; see :func:`parse_txt`."""
        return [self._entry(name) for name in read_ids(self.ann_file)]

    def _entry(self, name: str) -> dict:
        width, height = self.size
        stem = str(Path(self.data_prefix.get('img') or self.data_root) / name)
        instances = parse_txt(f'{stem}.txt', width, height, len(self.metainfo['classes']))
        return dict(img_id=name, img_path=f'{stem}.jpg', width=width, height=height, instances=instances)

    def iter_faults(self) -> Iterator[str | None]:
        """Check every id, without stopping at a fault: a sentence for each fault, None for each id without one."""
        for name in read_ids(self.ann_file):
            try:
                entry = self._entry(name)
                size = read_image(entry['img_path']).shape[1::-1]
                yield None if size == self.size else f"{entry['img_path']}: is {size} (w, h), expected {self.size}"
            except InputError as error:
                yield str(error)
