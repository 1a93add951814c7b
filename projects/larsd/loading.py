"""Read images of ships, optical or radar."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmsight.box_dataset import check_size
from mmsight.errors import InputError
from mmsight.images import read_image
from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadShipImage(BaseTransform):
    """Load ``img_path`` as an 8-bit BGR image and check its size against the annotation's.

    Sets ``img`` (H, W, 3) uint8, ``img_shape`` and ``ori_shape`` (H, W). Grey files get three equal channels; alpha is dropped.

    Args:
        grey (bool): Turn colour into grey: some radar sets hold a few coloured files.
    """

    def __init__(self, grey: bool = False) -> None:
        self.grey = grey

    def transform(self, results: dict) -> dict:
        """Read the file that ``results['img_path']`` names."""
        image = read_image(results['img_path'])
        if image.dtype != np.uint8:
            raise InputError(f"{results['img_path']}: the pixels are {image.dtype}, 8 bits are expected: convert the image")
        if 'width' in results:
            check_size(results, image.shape)
        if image.ndim == 3 and image.shape[2] >= 3:
            image = image[..., :3]
            if self.grey:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if image.ndim == 2 or image.shape[2] < 3:
            image = np.repeat(image.reshape(*image.shape[:2], -1)[..., :1], 3, axis=2)
        results['img'] = np.ascontiguousarray(image)
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
