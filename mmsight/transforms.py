"""Transforms for images with boxes of any kind: quarter turns, intensities."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmsight.registry import TRANSFORMS

TURNS = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)


@TRANSFORMS.register_module()
class RandomQuarterTurn(BaseTransform):
    """Turn image and boxes clockwise by 0, 90, 180 or 270 degrees, each as likely; the canvas turns with them.

    ``gt_bboxes`` may be any of mmdet's or mmrotate's box types. Exact: no pixel is interpolated, no box grows.
    """

    @cache_randomness
    def _turns(self) -> int:
        return int(np.random.randint(4))

    def transform(self, results: dict) -> dict:
        """Set ``img``, ``img_shape`` and, where there are boxes, ``gt_bboxes``."""
        turns = self._turns()
        height, width = results['img'].shape[:2]
        if not turns:
            return results
        results['img'] = cv2.rotate(results['img'], TURNS[turns - 1])
        results['img_shape'] = results['img'].shape[:2]
        if 'gt_bboxes' in results:
            boxes = results['gt_bboxes']
            boxes.rotate_((width / 2, height / 2), 90 * turns)
            boxes.translate_(((results['img_shape'][1] - width) / 2, (results['img_shape'][0] - height) / 2))
        return results


@TRANSFORMS.register_module()
class RandomIntensity(BaseTransform):
    """Change an 8-bit image as another sensor, exposure or display might: 255 * gain * (value / 255) ** gamma, clipped.

    Args:
        gain (tuple[float, float]): Range that the gain is drawn from, evenly on a logarithmic scale.
        gamma (tuple[float, float]): Likewise, of gamma.
    """

    def __init__(self, gain: tuple[float, float] = (0.7, 1.4), gamma: tuple[float, float] = (0.7, 1.4)) -> None:
        self.ranges = np.log([gain, gamma])

    @cache_randomness
    def _draw(self) -> np.ndarray:
        return np.exp(np.random.uniform(*self.ranges.T))

    def transform(self, results: dict) -> dict:
        """Set ``img``."""
        gain, gamma = self._draw()
        table = (255 * gain * (np.arange(256) / 255) ** gamma).clip(0, 255).round().astype(np.uint8)
        results['img'] = cv2.LUT(results['img'], table)
        return results
