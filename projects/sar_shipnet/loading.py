"""Read radar images as the detection of scenes reads them."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmsight.apis.scene import read_8_bits
from mmsight.box_dataset import check_size
from mmsight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadSARImage(BaseTransform):
    """Load ``img_path`` as an 8-bit grey image of equal channels, see :func:`mmsight.apis.scene.read_8_bits`.

    Sets ``img`` (H, W, channels) uint8, ``img_shape`` and ``ori_shape`` (H, W). Colours become grey; more than 8 bits are
    stretched between the percentiles 0.5 and 99.5. The size is checked against the annotation's.

    Args:
        channels (int): 3 for backbones that expect colour, or 1.
    """

    grey = True
    """What the detection of scenes asks of a loader: colour becomes grey."""

    def __init__(self, channels: int = 3) -> None:
        self.channels = channels

    def transform(self, results: dict) -> dict:
        """Read the file that ``results['img_path']`` names."""
        image = read_8_bits(results['img_path'], grey=True)
        if 'width' in results:
            check_size(results, image.shape)
        results['img'] = np.repeat(image, self.channels, axis=2)
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
