"""HRSID, and every other ship set in COCO json (SSDD has one too)."""

from mmsight.box_dataset import BoxDataset, CocoBoxDataset
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import fit_box


@DATASETS.register_module()
class HRSIDDataset(CocoBoxDataset):
    """HRSID's COCO json with one class and upright boxes, ``bbox`` [x, y, w, h] in pixels."""

    METAINFO = dict(BoxDataset.METAINFO, gsd=(0.5, 3), image_side=800)

    def box(self, values: object, width: int, height: int, where: str) -> list[float]:
        """[x1, y1, x2, y2]."""
        if not isinstance(values, list) or len(values) != 4 or not all(isinstance(value, (int, float)) for value in values):
            raise InputError(f"{where}: 'bbox' must be [x, y, w, h], found {values}")
        x, y, w, h = values
        return fit_box([x, y, x + w, y + h], width, height, where, self.notes)
