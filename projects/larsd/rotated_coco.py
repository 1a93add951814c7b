"""COCO-like json whose boxes have an angle."""

import math

from mmsight.box_dataset import CocoBoxDataset
from mmsight.errors import InputError
from mmsight.registry import DATASETS

from .boxes import check_rotated_box


@DATASETS.register_module()
class RotatedCocoDataset(CocoBoxDataset):
    """COCO json with ``bbox`` [cx, cy, w, h, angle], the angle in degrees clockwise."""

    def box(self, values: object, width: int, height: int, where: str) -> list[float]:
        """The angle in radians."""
        if not isinstance(values, list) or len(values) != 5 or not all(isinstance(value, (int, float)) for value in values):
            raise InputError(f"{where}: 'bbox' must be [cx, cy, w, h, angle], found {values}")
        check_rotated_box(values, width, height, where, degrees=True)
        return [*map(float, values[:4]), math.radians(values[4])]
