"""SAR-Ship-Dataset: 256x256 chips, one txt each."""

from typing import Any

from mmsight.annotations import read_fields, to_numbers
from mmsight.box_dataset import BoxDataset
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import fit_box


@DATASETS.register_module()
class SARShipDataset(BoxDataset):
    """SAR-Ship-Dataset, first version (v0) or current release: ``<id>.jpg`` and ``<id>.txt`` side by side, ids in ``ann_file``.

    A txt has lines ``class cx cy w h``, normalised to [0, 1]; an empty one is that of an empty chip.

    Args:
        size (tuple[int, int]): (w, h) of all chips; (256, 256) as published. Every image is checked against it.
    """

    METAINFO = dict(BoxDataset.METAINFO, gsd=(3, 25), image_side=256)

    def __init__(self, *args: Any, size: tuple[int, int] = (256, 256), **kwargs: Any) -> None:
        self.size = size
        super().__init__(*args, **kwargs)

    def entry(self, name: str) -> dict:
        """See :class:`mmsight.box_dataset.BoxDataset`."""
        (width, height), folder = self.size, self.data_prefix.get('img') or self.data_root
        known = range(len(self.metainfo['classes']))
        instances: list[dict] = []
        for where, fields in read_fields(self.find(folder, name, ('.txt', ), '.txt')):
            label = self.numbered(fields[0], where, known)
            with self.notes.one_box():
                if len(fields) != 5:
                    raise InputError(f"{where}: 5 fields (class cx cy w h) are expected, found {len(fields)}: "
                                     f"'{' '.join(fields)}'")
                cx, cy, w, h = to_numbers(fields[1:], where)
                box = [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height]
                box = fit_box(box, width, height, where, self.notes)
                instances.append(dict(bbox=box, bbox_label=label, ignore_flag=0))
        return dict(img_id=name, img_path=self.find(folder, name), width=width, height=height, instances=instances)
