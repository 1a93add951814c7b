"""PSNR, SSIM and sharpness in RGB and Y, of the model beside nearest, bilinear and bicubic in the same run."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmcv.image import rgb2ycbcr
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from mmsight.engine.per_case import write_per_case
from mmsight.registry import METRICS

from .resize import resize_bicubic

METHODS = ('nearest', 'bilinear', 'bicubic', 'model')
MEASURES = ('PSNR_Y', 'SSIM_Y', 'PSNR_RGB', 'SSIM_RGB', 'sharpness')


def enlarge(image: np.ndarray, method: str, scale: int) -> np.ndarray:
    """Enlarge an image without learning.

    Args:
        image (np.ndarray): uint8 (H, W, 3).
        method (str): ``'nearest'``, ``'bilinear'`` or ``'bicubic'`` (a = -0.5).
        scale (int): Factor.

    Returns:
        np.ndarray: uint8 (scale * H, scale * W, 3).
    """
    height, width = image.shape[0] * scale, image.shape[1] * scale
    if method == 'bicubic':
        return resize_bicubic(image, (height, width))
    flags = dict(nearest=cv2.INTER_NEAREST, bilinear=cv2.INTER_LINEAR)
    return cv2.resize(image, (width, height), interpolation=flags[method])


def luma(image: np.ndarray) -> np.ndarray:
    """Y of uint8 (H, W, 3) RGB: float64 (H, W) in [16, 235], not rounded, as MATLAB's ``rgb2ycbcr`` of floats."""
    return rgb2ycbcr(image.astype(np.float32) / 255, y_only=True).astype(np.float64) * 255


def sharpness(y: np.ndarray) -> float:
    """Variance of the Laplacian of Y: how much fine detail there is, right or wrong."""
    return float(cv2.Laplacian(y, cv2.CV_64F).var())


def psnr(image: np.ndarray, target: np.ndarray) -> float:
    """Eq. h, at range 255; infinite if equal."""
    with np.errstate(divide='ignore'):
        return float(peak_signal_noise_ratio(target, image, data_range=255))


def ssim(image: np.ndarray, target: np.ndarray) -> float:
    """Eq. l in 11x11 Gaussian windows inside the image, sigma 1.5, K1 0.01, K2 0.03, at range 255; the mean over channels."""
    return float(structural_similarity(
        image, target, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
        channel_axis=-1 if image.ndim == 3 else None))


def compare(image: np.ndarray, target: np.ndarray, border: int) -> dict[str, float]:
    """All measures of an image against its original, without ``border`` pixels on each side.

    Args:
        image (np.ndarray): uint8 (H, W, 3), RGB.
        target (np.ndarray): Of the same shape.
        border (int): The factor, by convention.

    Returns:
        dict[str, float]: ``PSNR_Y``, ``PSNR_RGB`` in dB, ``SSIM_Y``, ``SSIM_RGB``, and ``sharpness`` as a ratio to the
        original's, 1 where it is as sharp.
    """
    inner = (slice(border, -border or None), ) * 2
    image, target = image[inner], target[inner]
    y, target_y = luma(image), luma(target)
    return dict(
        PSNR_Y=psnr(y, target_y), SSIM_Y=ssim(y, target_y), PSNR_RGB=psnr(image, target), SSIM_RGB=ssim(image, target),
        sharpness=sharpness(y) / max(sharpness(target_y), 1e-12))


def to_image(tensor: Tensor) -> np.ndarray:
    """A host tensor (3, H, W) in [0, 255] BGR, rounded, as uint8 (H, W, 3) RGB."""
    array = np.rint(tensor.detach().cpu().float().numpy()).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(array[::-1].transpose(1, 2, 0))


@METRICS.register_module()
class SuperResolutionMetric(BaseMetric):
    """See :func:`compare`; means over the images of each set.

    Names are ``<set>/<method>/<measure>``, e.g. ``Set5/model/PSNR_Y``, without the set if the dataset has no ``set_name``. The
    methods are ``nearest``, ``bilinear``, ``bicubic`` and ``model``; ``gain/PSNR_Y`` is the model's PSNR over bicubic's.

    Args:
        border (int, optional): Pixels that do not count on each side. Defaults to the factor.
    """

    default_prefix = None

    def __init__(self, border: int | None = None, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.border = border
        self._plain: dict[str, dict] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Measure each image; what does not learn is measured once a run."""
        for sample in data_samples:
            target, low = to_image(sample['gt_img']), to_image(sample['input'])
            scale = target.shape[0] // low.shape[0]
            border = scale if self.border is None else self.border
            path = sample['gt_path']
            if path not in self._plain:
                self._plain[path] = {method: compare(enlarge(low, method, scale), target, border) for method in METHODS[:-1]}
            model = compare(to_image(sample['output']['pred_img']), target, border)
            self.results.append((sample['set_name'], dict(self._plain[path], model=model), Path(path).stem))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Means of each set; also logged as a table."""
        metrics: dict[str, float] = {}
        lines = []
        for name in dict.fromkeys(name for name, *_ in results):
            rows = [row for found, row, _ in results if found == name]
            prefix = f'{name}/' if name else ''
            for method in METHODS:
                means = {measure: float(np.mean([row[method][measure] for row in rows])) for measure in MEASURES}
                metrics.update({f'{prefix}{method}/{measure}': value for measure, value in means.items()})
                lines.append(f'{name:<10}{method:<10}' + ''.join(f'{value:>11.4f}' for value in means.values()))
            metrics[f'{prefix}gain/PSNR_Y'] = metrics[f'{prefix}model/PSNR_Y'] - metrics[f'{prefix}bicubic/PSNR_Y']
        write_per_case([dict(case=case, set=name, **{f'{method}/{measure}': row[method][measure]
                                                     for method in METHODS for measure in MEASURES})
                        for name, row, case in results], 'model/PSNR_Y')
        header = f'{"set":<10}{"method":<10}' + ''.join(f'{measure:>11}' for measure in MEASURES)
        MMLogger.get_current_instance().info('\n' + '\n'.join([header, *lines]))
        return metrics
