"""Rotated boxes that know bow from stern, through every transform of an image."""

import math

from mmdet.structures.bbox import register_box
from mmrotate.structures.bbox import RotatedBoxes


@register_box('directed')
class DirectedBoxes(RotatedBoxes):
    """mmrotate's boxes whose angle, over the full circle, is the direction from stern to bow; w is the length.

    ``dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='directed')`` reads them, of data sets that label bow and
    stern: :class:`.BowSternDataset`. A head takes any other type of box as one whose bow is not known.

    *Deviation* from ``RotatedBoxes``: a mirrored box is mirrored with its direction. mmrotate negates the angle at every flip,
    which gives the same rectangle and, at a horizontal one, swaps its ends; likewise at a diagonal one, which it leaves alone.
    Turns, crops and scales that are the same along both axes keep the direction there too.
    """

    def flip_(self, img_shape: tuple[int, int], direction: str = 'horizontal') -> None:
        """Mirror in place an image of ``img_shape`` (h, w), ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both)."""
        super().flip_(img_shape, direction)
        if direction != 'vertical':
            self.tensor[..., 4] += math.pi
