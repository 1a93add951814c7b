"""Read radar images: one channel, 8 or 16 bit or float, with one clear sentence for a file that cannot be read."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmsight.box_dataset import check_size
from mmsight.errors import InputError
from mmsight.images import read_image, scale_to_8_bits
from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadSARImage(BaseTransform):
    """Load ``img_path`` as an 8-bit grey image of equal channels.

    Sets ``img`` (H, W, channels) uint8, ``img_shape`` and ``ori_shape`` (H, W). Colour files become grey; alpha is dropped.
    The size is checked against the annotation's.

    Args:
        channels (int): 3 for backbones that expect colour, or 1.
        stretch (tuple[float, float], optional): Percentiles that map to 0 and 255, for input of more than 8 bits. None maps
            the whole range of the integer type; floats need percentiles. Defaults to (0.5, 99.5).
    """

    grey = True
    """What the detection of scenes asks of a loader: colour becomes grey."""

    def __init__(self, channels: int = 3, stretch: tuple[float, float] | None = (0.5, 99.5)) -> None:
        self.channels = channels
        self.stretch = stretch

    def transform(self, results: dict) -> dict:
        """Read the file that ``results['img_path']`` names."""
        image = read_image(results['img_path'])
        if 'width' in results:
            check_size(results, image.shape)
        if image.ndim == 3:
            image = cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY) if image.shape[2] >= 3 else image[..., 0]
        if image.dtype != np.uint8:
            image = self._to_8_bits(image, results['img_path'])
        results['img'] = np.repeat(image[..., None], self.channels, axis=2)
        results['img_shape'] = results['ori_shape'] = image.shape
        return results

    def _to_8_bits(self, image: np.ndarray, path: str) -> np.ndarray:
        finite = image[np.isfinite(image)]
        if not finite.size:
            raise InputError(f'{path}: the image contains no finite pixel')
        if self.stretch is not None:
            low, high = np.percentile(finite, self.stretch)
        elif np.issubdtype(image.dtype, np.integer):
            low, high = 0, np.iinfo(image.dtype).max
        else:
            raise InputError(f'{path}: the pixels are {image.dtype}: set LoadSARImage.stretch to two percentiles')
        return scale_to_8_bits(image, low, high)
