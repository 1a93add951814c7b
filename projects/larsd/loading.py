"""Read images of ships, optical or radar."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmsight.apis.scene import read_8_bits
from mmsight.box_dataset import check_size
from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadShipImage(BaseTransform):
    """Load ``img_path`` as an 8-bit BGR image and check its size against the annotation's.

    Sets ``img`` (H, W, 3) uint8, ``img_shape`` and ``ori_shape`` (H, W). Grey files get three equal channels, more than 8 bits
    are stretched, as the detection of scenes does it: see :func:`mmsight.apis.scene.read_8_bits`.

    Args:
        grey (bool): Turn colour into grey: some radar sets hold a few coloured files.
    """

    def __init__(self, grey: bool = False) -> None:
        self.grey = grey

    def transform(self, results: dict) -> dict:
        """Read the file that ``results['img_path']`` names."""
        image = read_8_bits(results['img_path'], self.grey)
        if 'width' in results:
            check_size(results, image.shape)
        results['img'] = np.repeat(image, 3, axis=2) if self.grey else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
