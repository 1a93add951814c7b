"""Make low-resolution images on the fly, and cut patches."""

from collections.abc import Callable

import numpy as np
from mmagic.datasets.transforms import PairedRandomCrop
from mmcv.transforms import BaseTransform
from skimage import transform as sk_transform

from mmsight.errors import InputError
from mmsight.registry import TRANSFORMS

from .resize import resize_bicubic


def resize_bilinear(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What the code behind the report does: scikit-image's ``resize``, a Gaussian and then bilinear.

    Args:
        image (np.ndarray): uint8 (H, W, C).
        size (tuple[int, int]): (height, width) of the result.
    """
    return np.rint(sk_transform.resize(image, size, order=1, preserve_range=True)).astype(np.uint8)


METHODS = {'bicubic': resize_bicubic, 'bilinear': resize_bilinear}


def _method(name: str) -> Callable[..., np.ndarray]:
    if name not in METHODS:
        raise ValueError(f"the method is 'bicubic' or 'bilinear', found '{name}'")
    return METHODS[name]


@TRANSFORMS.register_module()
class CropToMultiple(BaseTransform):
    """Cut ``gt`` at the bottom and right to a multiple of the dataset's ``scale``, as the benchmarks do."""

    def transform(self, results: dict) -> dict:
        """Cut at most ``scale`` - 1 rows and columns."""
        height, width = (length - length % results['scale'] for length in results['gt'].shape[:2])
        results['gt'] = results['gt'][:height, :width]
        return results


@TRANSFORMS.register_module()
class ResizeHR(BaseTransform):
    """Resize ``gt`` as a whole: the report's 256x256, which distorts what is not square.

    Args:
        size (tuple[int, int]): (w, h).
        method (str): ``'bicubic'`` or ``'bilinear'``.
        centre_crop (bool): Cut to the middle part of the same aspect first, so that nothing is distorted.
    """

    def __init__(self, size: tuple[int, int], method: str = 'bicubic', centre_crop: bool = False) -> None:
        self.size, self.resize, self.centre_crop = tuple(size), _method(method), centre_crop

    def transform(self, results: dict) -> dict:
        """Resize ``gt``."""
        image, (width, height) = results['gt'], self.size
        if self.centre_crop:
            factor = min(image.shape[0] / height, image.shape[1] / width)
            rows, columns = round(height * factor), round(width * factor)
            top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
            image = image[top:top + rows, left:left + columns]
        results['gt'] = self.resize(image, (height, width))
        return results


@TRANSFORMS.register_module()
class MakeLR(BaseTransform):
    """Make ``img``, the low-resolution image, from ``gt``.

    Args:
        method (str): ``'bicubic'``: antialiased, a = -0.5, equal to the published files bit for bit. ``'bilinear'``: the
            code behind the report.
        size (tuple[int, int], optional): (w, h) of the result; by default that of ``gt`` over the dataset's ``scale``.

    Raises:
        InputError: If ``gt`` is no multiple of ``scale``.
    """

    def __init__(self, method: str = 'bicubic', size: tuple[int, int] | None = None) -> None:
        self.resize, self.size = _method(method), size

    def transform(self, results: dict) -> dict:
        """Set ``img``."""
        height, width = results['gt'].shape[:2]
        scale = results['scale']
        if self.size is None and (height % scale or width % scale):
            raise InputError(f"{results['gt_path']}: {width} x {height} (w x h) is not a multiple of the scale {scale}; "
                             'put mmsight.CropToMultiple before mmsight.MakeLR')
        size = (height // scale, width // scale) if self.size is None else (self.size[1], self.size[0])
        results['img'] = self.resize(results['gt'], size)
        results['img_channel_order'], results['img_color_type'] = results['gt_channel_order'], results['gt_color_type']
        return results


@TRANSFORMS.register_module()
class RandomPatch(PairedRandomCrop):
    """mmagic's paired random crop, which says which file is too small.

    Args:
        gt_patch_size (int): Side of the patch of ``gt``, a multiple of the dataset's ``scale``.

    Raises:
        InputError: If the image is smaller.
    """

    def transform(self, results: dict) -> dict:
        """Cut ``gt`` and ``img`` at one place."""
        height, width = results['gt'].shape[:2]
        if min(height, width) < self.gt_patch_size:
            raise InputError(f"{results['gt_path']}: {width} x {height} (w x h) is smaller than the crop of "
                             f'{self.gt_patch_size}: remove the image or lower RandomPatch.gt_patch_size')
        if self.gt_patch_size % results['scale']:
            raise InputError(f"RandomPatch.gt_patch_size must be a multiple of the scale {results['scale']}, "
                             f'found {self.gt_patch_size}')
        results = super().transform(results)
        for key in ('img', 'gt'):  # a patch of the whole image would alias it, and flips write in place
            results[key] = results[key].copy()
        return results
